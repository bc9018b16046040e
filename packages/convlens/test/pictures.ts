import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Random } from "@convlens/backend";
import { encode } from "fast-png";

/** Writes a PNG file, and the folders above it. */
export function writePng(path: string, size: readonly [height: number, width: number], data: ArrayLike<number>): void {
  const [height, width] = size;
  mkdirSync(dirname(path), { recursive: true });
  const channels = data.length / (height * width);
  writeFileSync(path, encode({ width, height, channels, depth: 8, data: Uint8Array.from(data) }));
}

/** A grey square on a dark ground: the pixels of the image and its mask of 0 and 255. */
export function square(
  side: number,
  seed: number,
): { readonly image: readonly number[]; readonly mask: readonly number[] } {
  const random = new Random(seed);
  const size = 3 + random.integer(side - 5);
  const [top, left] = [random.integer(side - size), random.integer(side - size)];
  const mask = Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    return y >= top && y < top + size && x >= left && x < left + size ? 255 : 0;
  });
  return { image: mask.map((inside) => (inside === 0 ? 20 : 180) + random.integer(40)), mask };
}

/** Writes a folder of images with a sub-folder for each class: one is bright above, one below. */
export function writeClasses(path: string, count: number, side: number, classes: readonly string[]): void {
  for (const [label, name] of classes.entries())
    for (let i = 0; i < count; i++) {
      const random = new Random(1000 * label + i);
      const image = Array.from({ length: side * side }, (_, at) =>
        Math.floor((at / side / side) * classes.length) === label ? 150 + random.integer(100) : random.integer(100),
      );
      writePng(`${path}/${name}/${i}.png`, [side, side], image);
    }
}

/** Writes a folder of images of squares and their masks. */
export function writeMasks(path: string, count: number, side: number): void {
  for (let i = 0; i < count; i++) {
    const { image, mask } = square(side, i);
    writePng(`${path}/images/${i}.png`, [side, side], image);
    writePng(`${path}/masks/${i}.png`, [side, side], mask);
  }
}
