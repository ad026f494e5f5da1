/** Where a player wants to go: towards a finger or the mouse, or as the arrow keys say. */

const DIRECTIONS = {
  ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0],
  KeyW: [0, -1], KeyS: [0, 1], KeyA: [-1, 0], KeyD: [1, 0],
};

export class Pilot {
  #target = null;
  #keys = new Set();

  /** `units`: how wide and high the field is. */
  constructor(field, units) {
    const aim = ({ clientX, clientY }) => {
      const { left, top, width, height } = field.getBoundingClientRect();
      this.#target = { x: ((clientX - left) / width) * units, y: ((clientY - top) / height) * units };
    };
    field.addEventListener("pointerdown", (event) => {
      field.setPointerCapture(event.pointerId);
      aim(event);
    });
    field.addEventListener("pointermove", (event) => this.#target && aim(event));
    for (const end of ["pointerup", "pointercancel"]) {
      field.addEventListener(end, () => (this.#target = null));
    }
    document.addEventListener("keydown", (event) => {
      if (!(event.code in DIRECTIONS) || event.target.matches("input, button")) return;
      event.preventDefault();
      this.#keys.add(event.code);
    });
    document.addEventListener("keyup", ({ code }) => this.#keys.delete(code));
    window.addEventListener("blur", () => this.#keys.clear());
  }

  /** The next place from here, at most one step away. */
  next({ x, y }, step) {
    let [dx, dy] = this.#target ? [this.#target.x - x, this.#target.y - y] : this.#pressed();
    const distance = Math.hypot(dx, dy);
    if (distance < 1) return { x, y };
    const part = this.#target ? Math.min(1, step / distance) : step / distance;
    return { x: x + dx * part, y: y + dy * part };
  }

  #pressed() {
    return [...this.#keys].reduce(
      ([x, y], code) => [x + DIRECTIONS[code][0], y + DIRECTIONS[code][1]],
      [0, 0],
    );
  }
}
