/** Largest depth; closer points are merged. */
const DEEPEST = 48;

/**
 * A quadtree of points in the plane: squares are divided until each holds one point, so that distant squares can be treated as
 * one point (Barnes and Hut 1986).
 */
export class QuadTree {
  /** For each square: number of points, their mean, its center, its side, and its first quarter (0 for none). */
  #mass: Float64Array;
  #middleX: Float64Array;
  #middleY: Float64Array;
  #centerX: Float64Array;
  #centerY: Float64Array;
  #side: Float64Array;
  #quarters: Int32Array;
  #size = 1;
  readonly #stack: Int32Array = new Int32Array(4 * DEEPEST + 4);

  /** @param points - x and y of each point, interleaved. */
  constructor(points: Float64Array) {
    const room = Math.max(64, 2 * points.length);
    this.#mass = new Float64Array(room);
    this.#middleX = new Float64Array(room);
    this.#middleY = new Float64Array(room);
    this.#centerX = new Float64Array(room);
    this.#centerY = new Float64Array(room);
    this.#side = new Float64Array(room);
    this.#quarters = new Int32Array(room);
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
      left = Math.min(left, points[i]!);
      right = Math.max(right, points[i]!);
      bottom = Math.min(bottom, points[i + 1]!);
      top = Math.max(top, points[i + 1]!);
    }
    this.#centerX[0] = (left + right) / 2;
    this.#centerY[0] = (bottom + top) / 2;
    this.#side[0] = Math.max(right - left, top - bottom) * 1.0001 || 1;
    for (let i = 0; i < points.length; i += 2) this.#insert(points[i]!, points[i + 1]!);
  }

  #insert(x: number, y: number): void {
    let node = 0;
    for (let depth = 0; ; depth++) {
      const mass = this.#mass[node]!;
      if (mass > 0 && this.#quarters[node] === 0 && depth < DEEPEST) this.#quarter(node);
      this.#add(node, x, y, 1);
      if (mass === 0 || this.#quarters[node] === 0) return;
      node = this.#quarterOf(node, x, y);
    }
  }

  #add(node: number, x: number, y: number, mass: number): void {
    const total = this.#mass[node]! + mass;
    this.#middleX[node]! += (mass * (x - this.#middleX[node]!)) / total;
    this.#middleY[node]! += (mass * (y - this.#middleY[node]!)) / total;
    this.#mass[node] = total;
  }

  #quarterOf(node: number, x: number, y: number): number {
    return this.#quarters[node]! + (x < this.#centerX[node]! ? 0 : 1) + (y < this.#centerY[node]! ? 0 : 2);
  }

  /** Divides a square into four and moves its content into one of them. */
  #quarter(node: number): void {
    if (this.#size + 4 > this.#mass.length) this.#grow();
    const first = this.#size;
    this.#size += 4;
    const half = this.#side[node]! / 2;
    for (let q = 0; q < 4; q++) {
      this.#centerX[first + q] = this.#centerX[node]! + (q & 1 ? half / 2 : -half / 2);
      this.#centerY[first + q] = this.#centerY[node]! + (q & 2 ? half / 2 : -half / 2);
      this.#side[first + q] = half;
    }
    this.#quarters[node] = first;
    const [x, y] = [this.#middleX[node]!, this.#middleY[node]!];
    this.#add(this.#quarterOf(node, x, y), x, y, this.#mass[node]!);
  }

  #grow(): void {
    const larger = (old: Float64Array): Float64Array => {
      const made = new Float64Array(2 * old.length);
      made.set(old);
      return made;
    };
    this.#mass = larger(this.#mass);
    this.#middleX = larger(this.#middleX);
    this.#middleY = larger(this.#middleY);
    this.#centerX = larger(this.#centerX);
    this.#centerY = larger(this.#centerY);
    this.#side = larger(this.#side);
    const quarters = new Int32Array(this.#mass.length);
    quarters.set(this.#quarters);
    this.#quarters = quarters;
  }

  /**
   * Computes the repulsion of a point by all others, q² · distance with q = 1 / (1 + distance²): writes the force into `force` and
   * returns Σ q. Squares with side / distance below `theta` count as one point; 0 is exact.
   */
  repulsion(x: number, y: number, theta: number, force: Float64Array): number {
    const stack = this.#stack;
    let [forceX, forceY, total] = [0, 0, 0];
    // The point itself has q = 1. It is subtracted at its own square, as adding it to the sum would round off distant points.
    let itself = 1;
    let height = 0;
    stack[height++] = 0;
    while (height > 0) {
      const node = stack[--height]!;
      const mass = this.#mass[node]!;
      if (mass === 0) continue;
      const dx = x - this.#middleX[node]!;
      const dy = y - this.#middleY[node]!;
      const square = dx * dx + dy * dy;
      const first = this.#quarters[node]!;
      const side = this.#side[node]!;
      if (first === 0 && square === 0) {
        total += mass - itself;
        itself = 0;
      } else if (first === 0 || side * side < theta * theta * square) {
        const q = 1 / (1 + square);
        total += mass * q;
        forceX += mass * q * q * dx;
        forceY += mass * q * q * dy;
      } else for (let k = 0; k < 4; k++) stack[height++] = first + k;
    }
    force[0] = forceX;
    force[1] = forceY;
    return total - itself;
  }
}
