/** One half of the front page: what has come by one of the two ways. */

import { inWords } from "./tally.js";

const BARS = 75; // fifteen seconds
const CELLS = 50; // ten seconds
const ROUND = 10; // a number keeps its column
const RANGES = 3;
const DIGITS = 3;

function fill(parent, count, name) {
  const children = Array.from({ length: count }, () => document.createElement(name));
  parent.replaceChildren(...children);
  return children;
}

export class Side {
  #element;
  #bars;
  #cells;

  constructor(element, tally) {
    this.#element = element;
    this.tally = tally;
    this.#bars = fill(this.#part("strip"), BARS, "i");
    this.#cells = fill(this.#part("numbers"), CELLS, "li");
    this.draw(tally.last);
  }

  /** Draw; `newest`, the highest number known to either side, puts both at the same place. */
  draw(newest) {
    const { last, missed, recovered, arrived, disorder } = this.tally;
    this.#write("number", last);
    this.#write("missed", missed);
    this.#write("recovered", recovered);
    Object.assign(this.#element.dataset, { last, missed, recovered, arrived, disorder });
    this.#bars.forEach((bar, index) => this.#mark(bar, newest - BARS + 1 + index));
    const first = (Math.floor(newest / ROUND) + 1) * ROUND - CELLS;
    this.#cells.forEach((cell, index) => {
      const n = first + index;
      this.#mark(cell, n);
      const text = n > 0 && n <= newest ? `${n}`.slice(-DIGITS) : "";
      if (cell.textContent !== text) cell.textContent = text;
    });
    this.#name("gaps", this.tally.gaps);
    this.#name("recoveries", this.tally.recoveries);
  }

  #mark(element, n) {
    const state = this.tally.stateOf(n);
    if (element.dataset.state !== state) element.dataset.state = state;
  }

  /** The newest ranges, for instance "1203–1216, 1181". */
  #name(part, ranges) {
    const newest = ranges.slice(-RANGES).reverse().map(inWords).join(", ");
    this.#write(part, ranges.length > RANGES ? `${newest}, …` : newest || "none");
  }

  #write(name, value) {
    const part = this.#part(name);
    if (part && part.textContent !== `${value}`) part.textContent = value;
  }

  #part(name) {
    return this.#element.querySelector(`[data-part=${name}]`);
  }
}
