/**
 * What one side has heard of a counter, from the number on which the page was made.
 *
 * Every number counts once. One that comes after a later one fills its gap; nothing is forgiven
 * because it came late, only because it came.
 */

const LONGEST_MEMORY = 240;
const MOST_GAPS = 100;

export class Tally {
  /** `rendered`: the number that the page came with; the next one is the first to be missed. */
  constructor(rendered) {
    this.last = rendered;
    this.arrived = 0;
    this.recovered = 0;
    this.missed = 0;
    this.disorder = 0;
    /** Ranges of numbers that have not come, and that were recovered; the newest last. */
    this.gaps = [];
    this.recoveries = [];
    this.#recent = new Map();
  }

  #recent;

  /** Note a number; true if it is news. */
  add(n, isRecovered = false) {
    if (n > this.last) {
      if (n > this.last + 1) this.#note(this.gaps, this.last + 1, n - 1);
      this.missed += n - this.last - 1;
      this.last = n;
    } else {
      if (!this.#fill(n)) return false;
      this.disorder += 1;
      this.missed -= 1;
    }
    this.arrived += 1;
    if (isRecovered) {
      this.recovered += 1;
      this.#note(this.recoveries, n, n);
    }
    this.#recent.set(n, isRecovered ? "recovered" : "arrived");
    this.#recent.delete(n - LONGEST_MEMORY);
    return true;
  }

  /** "arrived", "recovered", "missed", or "unknown": before the page, or still to come. */
  stateOf(n) {
    const how = this.#recent.get(n);
    if (how) return how;
    return this.gaps.some(({ from, to }) => from <= n && n <= to) ? "missed" : "unknown";
  }

  /** Take a number out of the gap that it is in; false if it is in none. */
  #fill(n) {
    const at = this.gaps.findIndex(({ from, to }) => from <= n && n <= to);
    if (at < 0) return false;
    const { from, to } = this.gaps[at];
    const rest = [
      { from, to: n - 1 },
      { from: n + 1, to },
    ];
    this.gaps.splice(at, 1, ...rest.filter((range) => range.from <= range.to));
    return true;
  }

  /** Add to the last range, or begin another; the oldest go when there are too many. */
  #note(ranges, from, to) {
    const last = ranges.at(-1);
    if (last && last.to + 1 === from) last.to = to;
    else ranges.push({ from, to });
    if (ranges.length > MOST_GAPS) ranges.shift();
  }
}

/** "1203–1216", or "1203" */
export function inWords({ from, to }) {
  return from === to ? `${from}` : `${from}–${to}`;
}
