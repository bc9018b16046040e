import type { Shape } from "../shape.ts";
import { Random } from "../random.ts";

/** Random choices that depend on a seed, so that a failure can be reproduced. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Draws from 0 to 1. */
  unit(): number {
    return this.#random.next();
  }

  /** Draws a whole number, both ends included. */
  int(from: number, to: number): number {
    return from + this.#random.integer(to - from + 1);
  }

  /** Draws an element of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  /** Draws a shape with axes of 1 to 5. */
  shape(rank: number = this.int(0, 4)): Shape {
    return Array.from({ length: rank }, () => this.int(1, 5));
  }

  /** Draws a shape that broadcasts to this one. */
  shrunk(shape: Shape): Shape {
    const from = this.unit() < 0.3 ? this.int(0, shape.length) : 0;
    return shape.map((size) => (this.unit() < 0.3 ? 1 : size)).slice(from);
  }

  /** Draws an order of the axes 0 … rank − 1. */
  order(rank: number): number[] {
    return [...this.#random.permutation(rank)];
  }
}
