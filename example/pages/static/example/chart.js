/** A line chart of the last seconds, drawn as SVG. Points are placed by when they arrived, so
 * that a browser whose clock is wrong draws the same picture. */

const NAMESPACE = "http://www.w3.org/2000/svg";
const LEFT = 36;
const RIGHT = 10;
const TOP = 22;
const BOTTOM = 22;
// Points come every second: a longer gap is one, and no line is drawn over it.
const LONGEST_GAP_MS = 4000;

function node(name, attributes, text = "") {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** The next round number from a value upwards; half of it is round, too. */
export function roundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 0.1)));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((round) => round >= value);
}

export class TimeChart {
  #svg;
  #seconds;
  #least;
  #points = [];

  /** `least` is the smallest top of the scale, so that noise around zero stays small. */
  constructor(svg, { seconds = 60, least = 1 } = {}) {
    this.#svg = svg;
    this.#seconds = seconds;
    this.#least = least;
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  /** Add a value, of now or of some time ago; with a mark, a stem in the chart says who sent it. */
  add(value, mark = null, ageMs = 0) {
    this.#points.push({ value, mark, arrivedAt: performance.now() - ageMs });
    this.draw();
  }

  draw() {
    const { width, height } = this.#svg.getBoundingClientRect();
    if (width === 0) return;
    const now = performance.now();
    const oldest = now - this.#seconds * 1000;
    this.#points = this.#points.filter(({ arrivedAt }) => arrivedAt >= oldest);
    const top = roundAbove(Math.max(this.#least, ...this.#points.map(({ value }) => value)));
    const x = (at) => LEFT + ((at - oldest) / (now - oldest)) * (width - LEFT - RIGHT);
    const y = (value) => height - BOTTOM - (value / top) * (height - TOP - BOTTOM);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(
      ...this.#grid(width, height, top, y),
      ...this.#wait(width, height),
      ...this.#line(x, y),
      ...this.#marks(x, y, width),
    );
  }

  #grid(width, height, top, y) {
    const lines = [0, top / 2, top].flatMap((value) => [
      node("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
      node("text", { class: "tick", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, value),
    ]);
    const base = height - 5;
    return [
      ...lines,
      node("text", { class: "tick", x: LEFT, y: base }, `${this.#seconds} s ago`),
      node("text", { class: "tick", x: width - RIGHT, y: base, "text-anchor": "end" }, "now"),
    ];
  }

  /** One point is no line yet. */
  #wait(width, height) {
    if (this.#points.length > 1) return [];
    const what = this.#points.length === 0 ? "first" : "second";
    const middle = (LEFT + width - RIGHT) / 2;
    const place = { class: "waiting", x: middle, y: height * 0.4, "text-anchor": "middle" };
    return [node("text", place, `waiting for the ${what} point`)];
  }

  #line(x, y) {
    if (this.#points.length < 2) return [];
    const runs = this.#runs().map((run) =>
      run.map(({ arrivedAt, value }) => [x(arrivedAt).toFixed(1), y(value).toFixed(1)]),
    );
    const lines = runs.map((places) => `M${places.join(" L")}`).join(" ");
    const areas = runs.map(
      (places) => `M${places[0][0]},${y(0)} L${places.join(" L")} L${places.at(-1)[0]},${y(0)} Z`,
    );
    const [left, up] = runs.at(-1).at(-1);
    return [
      node("path", { class: "area", d: areas.join(" ") }),
      node("path", { class: "line", d: lines }),
      node("circle", { class: "last", cx: left, cy: up, r: 4 }),
    ];
  }

  /** The points, parted where nothing came for a while. */
  #runs() {
    const runs = [];
    let last = null;
    for (const point of this.#points) {
      if (last === null || point.arrivedAt - last.arrivedAt > LONGEST_GAP_MS) runs.push([]);
      runs.at(-1).push(point);
      last = point;
    }
    return runs;
  }

  #marks(x, y, width) {
    return this.#points
      .filter(({ mark }) => mark !== null)
      .flatMap(({ mark, arrivedAt, value }) => {
        const left = x(arrivedAt);
        const anchor = left > width - 60 ? "end" : "middle";
        return [
          node("line", { class: "stem", x1: left, x2: left, y1: y(0), y2: TOP - 6 }),
          node("circle", { class: "marked", cx: left, cy: y(value), r: 4 }),
          node("text", { class: "mark", x: left, y: TOP - 10, "text-anchor": anchor }, mark),
        ];
      });
  }
}
