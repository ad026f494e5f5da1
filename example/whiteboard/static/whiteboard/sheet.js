/** A canvas on which strokes are drawn; its units are the board's, whatever its size. */

export class Sheet {
  #canvas;
  #pen;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
    this.#pen.lineCap = this.#pen.lineJoin = "round";
  }

  clear() {
    this.#pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Draw a stroke {colour, size, points: [x, y, x, y, …]} as a smooth line. */
  draw({ colour, size, points }) {
    const pen = this.#pen;
    pen.strokeStyle = getComputedStyle(this.#canvas).getPropertyValue(`--pen-${colour}`);
    pen.lineWidth = size;
    pen.beginPath();
    pen.moveTo(points[0], points[1]);
    for (let i = 2; i + 3 < points.length; i += 2) {
      const [x, y, nextX, nextY] = points.slice(i, i + 4);
      pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    pen.lineTo(points.at(-2), points.at(-1)); // a single point makes a dot
    pen.stroke();
  }

  /** Where a pointer is, in the board's units. */
  place({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const within = (at, size, units) => Math.round(Math.min(1, Math.max(0, at / size)) * units);
    return [
      within(clientX - left, width, this.#canvas.width),
      within(clientY - top, height, this.#canvas.height),
    ];
  }
}
