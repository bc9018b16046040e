import { LEARNING_SIDE } from "../../compute/learningData.ts";
import { stroked, type Spot } from "../../draw/ink.ts";
import type { OwnPictures } from "./session.ts";

/** A class of the reader with its pictures: greys from 0 to 255, each `[28, 28]`. */
export interface OwnClass {
  readonly name: string;
  readonly pictures: readonly Uint8Array[];
}

/** Fewest classes. */
export const LEAST_CLASSES = 2;
/** Most classes: as many as there are digits. */
export const MOST_CLASSES = 10;
/** Most pictures of all classes. */
export const MOST_PICTURES = 1000;

/** The classes as data for the worker. */
export function packed(classes: readonly OwnClass[]): OwnPictures {
  const all = classes.flatMap(({ pictures }, label) => pictures.map((picture) => ({ picture, label })));
  const pixels = new Uint8Array(all.length * LEARNING_SIDE ** 2);
  all.forEach(({ picture }, i) => pixels.set(picture, i * LEARNING_SIDE ** 2));
  return {
    kind: "own",
    classes: classes.map(({ name }) => name),
    pixels,
    labels: Uint8Array.from(all, ({ label }) => label),
  };
}

/** What is missing before a net can be trained; `undefined` for nothing. */
export function lacking(classes: readonly OwnClass[]): string | undefined {
  const names = classes.map(({ name }) => name.trim());
  const empty = classes.filter(({ pictures }) => pictures.length === 0).map(({ name }) => name);
  if (names.some((name) => name === "") || new Set(names).size < names.length)
    return "Each class needs a name of its own.";
  if (empty.length > 0) return `No picture yet of ${empty.join(" and ")}; about ten of each class are enough.`;
  return undefined;
}

/** Half the width of the pen in pixels, about that of the digits of MNIST. */
const PEN = 1.3;

/** A picture after a stroke. */
export function drawnOn(pixels: Uint8Array, from: Spot, to: Spot, erases = false): Uint8Array {
  const ink = Float32Array.from(pixels, (grey) => grey / 255);
  return Uint8Array.from(stroked(ink, from, to, erases, PEN), (level) => Math.round(255 * level));
}

/** A picture with its centre of mass in the middle, as those of MNIST. An empty one does not change. */
export function inTheMiddle(pixels: Uint8Array): Uint8Array {
  let [mass, sumX, sumY] = [0, 0, 0];
  for (const [i, ink] of pixels.entries()) {
    mass += ink;
    sumX += ink * (i % LEARNING_SIDE);
    sumY += ink * Math.floor(i / LEARNING_SIDE);
  }
  if (mass === 0) return pixels;
  const [dx, dy] = [Math.round(LEARNING_SIDE / 2 - sumX / mass), Math.round(LEARNING_SIDE / 2 - sumY / mass)];
  return Uint8Array.from(pixels, (_, i) => {
    const [x, y] = [(i % LEARNING_SIDE) - dx, Math.floor(i / LEARNING_SIDE) - dy];
    return x >= 0 && x < LEARNING_SIDE && y >= 0 && y < LEARNING_SIDE ? pixels[y * LEARNING_SIDE + x]! : 0;
  });
}
