import { extentOf } from "../../numbers.ts";

/** Largest depth; closer points are merged. */
const DEEPEST = 48;

/** A square of a {@link QuadTree}. Its content counts as one point of its mass. */
class Square {
  readonly centerX: number;
  readonly centerY: number;
  readonly side: number;
  /** Number of points, and their mean. */
  mass = 0;
  x = 0;
  y = 0;
  /** Lower left, lower right, upper left and upper right, once it is divided. */
  quarters: readonly [Square, Square, Square, Square] | undefined = undefined;

  constructor(centerX: number, centerY: number, side: number) {
    this.centerX = centerX;
    this.centerY = centerY;
    this.side = side;
  }

  add(x: number, y: number, mass: number): void {
    const total = this.mass + mass;
    this.x += (mass * (x - this.x)) / total;
    this.y += (mass * (y - this.y)) / total;
    this.mass = total;
  }

  /** Divides it into four and moves its content into one of them. */
  divide(): void {
    const half = this.side / 2;
    const [left, right] = [this.centerX + -half / 2, this.centerX + half / 2];
    const [bottom, top] = [this.centerY + -half / 2, this.centerY + half / 2];
    this.quarters = [
      new Square(left, bottom, half),
      new Square(right, bottom, half),
      new Square(left, top, half),
      new Square(right, top, half),
    ];
    this.quarterAt(this.x, this.y)?.add(this.x, this.y, this.mass);
  }

  quarterAt(x: number, y: number): Square | undefined {
    return this.quarters?.[(x < this.centerX ? 0 : 1) + (y < this.centerY ? 0 : 2)];
  }
}

/** A quadtree: squares are divided until each holds one point; distant squares count as one (Barnes and Hut 1986). */
export class QuadTree {
  readonly #root: Square;

  /** @param points - `[x₀, y₀, x₁, …]` */
  constructor(points: Float64Array) {
    const [left, right] = extentOf(points.filter((_, i) => i % 2 === 0));
    const [bottom, top] = extentOf(points.filter((_, i) => i % 2 === 1));
    const side = Math.max(right - left, top - bottom) * 1.0001 || 1;
    this.#root = new Square((left + right) / 2, (bottom + top) / 2, side);
    for (let i = 0; i < points.length; i += 2) this.#insert(points[i]!, points[i + 1]!);
  }

  #insert(x: number, y: number): void {
    let square: Square | undefined = this.#root;
    for (let depth = 0; square !== undefined; depth++) {
      const mass: number = square.mass;
      if (mass > 0 && square.quarters === undefined && depth < DEEPEST) square.divide();
      square.add(x, y, 1);
      square = mass === 0 ? undefined : square.quarterAt(x, y);
    }
  }

  /** Returns Σ q² · distance and Σ q, q = 1 / (1 + distance²). Squares with side / distance below `theta` are one point. */
  repulsion(x: number, y: number, theta: number): { readonly x: number; readonly y: number; readonly total: number } {
    let [forceX, forceY, total] = [0, 0, 0];
    // The point itself has q = 1. It is subtracted at its own square, as adding it to the sum would round off distant points.
    let itself = 1;
    const stack = [this.#root];
    for (let square = stack.pop(); square !== undefined; square = stack.pop()) {
      const { mass, side, quarters } = square;
      if (mass === 0) continue;
      const [dx, dy] = [x - square.x, y - square.y];
      const distance = dx * dx + dy * dy;
      if (quarters === undefined && distance === 0) {
        total += mass - itself;
        itself = 0;
      } else if (quarters === undefined || side * side < theta * theta * distance) {
        const q = 1 / (1 + distance);
        total += mass * q;
        forceX += mass * q * q * dx;
        forceY += mass * q * q * dy;
      } else stack.push(...quarters);
    }
    return { x: forceX, y: forceY, total: total - itself };
  }
}
