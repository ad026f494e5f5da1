/** A line of the last seconds on a canvas, drawn at most once for each picture of the screen. */

const LONGEST_MS = 30_000;
const SHORTEST_MS = 4000; // what there is fills the picture, but a few points don't
const MARGIN = 4;
// A longer silence is a gap in the line.
const LONGEST_GAP_MS = 400;
// The least of a price that fills half of the height: noise stays small.
const LEAST_REACH = 0.005;

export class Curve {
  #canvas;
  #points = [];
  #isDue = false;

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** The oldest value that is still shown. */
  get first() {
    return this.#points[0]?.value;
  }

  add(value) {
    const at = performance.now();
    this.#points.push({ at, value });
    while (this.#points[0].at < at - LONGEST_MS) this.#points.shift();
    this.draw();
  }

  draw() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || this.#points.length < 2) return;
    this.#canvas.width = width * devicePixelRatio;
    this.#canvas.height = height * devicePixelRatio;
    const pen = this.#canvas.getContext("2d");
    pen.scale(devicePixelRatio, devicePixelRatio);

    const now = this.#points.at(-1).at;
    const values = this.#points.map(({ value }) => value);
    const middle = (Math.min(...values) + Math.max(...values)) / 2;
    const reach = Math.max(Math.max(...values) - middle, middle * LEAST_REACH);
    const right = width - 2 * MARGIN;
    const span = Math.max(SHORTEST_MS, now - this.#points[0].at);
    const x = (at) => right - ((now - at) / span) * right;
    const y = (value) => height / 2 - ((value - middle) / reach) * (height / 2 - MARGIN);

    pen.strokeStyle = pen.fillStyle = getComputedStyle(this.#canvas).color;
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    for (const run of this.#runs()) {
      const line = new Path2D();
      for (const { at, value } of run) line.lineTo(x(at), y(value));
      pen.stroke(line);
      line.lineTo(x(run.at(-1).at), height);
      line.lineTo(x(run[0].at), height);
      pen.globalAlpha = 0.1;
      pen.fill(line);
      pen.globalAlpha = 1;
    }
    pen.beginPath();
    pen.arc(x(now), y(values.at(-1)), MARGIN, 0, 2 * Math.PI);
    pen.fill();
  }

  /** The points, parted where nothing came. */
  #runs() {
    const runs = [];
    let last = -Infinity;
    for (const point of this.#points) {
      if (point.at - last > LONGEST_GAP_MS) runs.push([]);
      runs.at(-1).push(point);
      last = point.at;
    }
    return runs;
  }
}
