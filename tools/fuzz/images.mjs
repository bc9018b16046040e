// The decoders of PNG and JPEG files: a damaged file gives as many pixels as its size says, or a ValueError.
import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import { imageToInput } from "../../packages/convlens/src/images/imageToInput.ts";
import { readImage, readLabels } from "../../packages/datasets/src/node/images/readImage.ts";
import { cases, check, damage, joined, outcome } from "../fuzzing.mjs";

export const name = "images";
export const count = 40_000;

/** Files of every kind, written by other programs. */
const golden = JSON.parse(readFileSync(new URL("../golden/images.json", import.meta.url), "utf8"));
const files = Object.values(golden.files).map(({ file }) => new Uint8Array(Buffer.from(file, "base64")));

const PNG_TYPES = [
  [0, 1, [1, 2, 4, 8, 16]],
  [2, 3, [8, 16]],
  [3, 1, [1, 2, 4, 8]],
  [4, 2, [8, 16]],
  [6, 4, [8, 16]],
];
const latin = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function chunk(type, data) {
  const body = joined(latin(type), data);
  const numbers = new DataView(new ArrayBuffer(8));
  numbers.setUint32(0, data.length);
  numbers.setUint32(4, crc32(body));
  return joined(new Uint8Array(numbers.buffer, 0, 4), body, new Uint8Array(numbers.buffer, 4, 4));
}

/** A PNG file with correct checksums and random chunks. */
function png(dice) {
  const [type, channels, depths] = dice.pick(PNG_TYPES);
  const [width, height, depth] = [dice.from(1, 9), dice.from(1, 9), dice.pick(depths)];
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, dice.chance(0.1) ? dice.below(2 ** 32) : height);
  [dice.chance(0.9) ? depth : dice.below(20), type, 0, 0, dice.below(2)].forEach((byte, i) =>
    header.setUint8(8 + i, byte),
  );
  const row = Math.ceil((width * channels * depth) / 8) + 1;
  const pixels = dice
    .bytes(dice.chance(0.7) ? row * height : dice.below(400))
    .map((byte) => (dice.chance(0.8) ? byte % 5 : byte));
  const chunks = [
    ...(dice.chance(0.6)
      ? [chunk("PLTE", dice.bytes(dice.chance(0.9) ? 3 * dice.from(1, 256) : dice.below(900)))]
      : []),
    ...(dice.chance(0.3) ? [chunk("tRNS", dice.bytes(dice.pick([2, 6, dice.below(300)])))] : []),
    ...(dice.chance(0.2)
      ? [chunk("eXIf", joined(latin(dice.pick(["II*\0", "MM\0*"])), dice.bytes(dice.below(40))))]
      : []),
    ...(dice.chance(0.2)
      ? [chunk(dice.pick(["iCCP", "zTXt", "iTXt", "acTL", "fcTL", "fdAT"]), dice.bytes(dice.below(50)))]
      : []),
  ];
  const packed = dice.chance(0.9) ? deflateSync(pixels) : damage(deflateSync(pixels), dice);
  const at = dice.below(packed.length);
  const parts = [chunk("IDAT", packed.subarray(0, at)), chunk("IDAT", packed.subarray(at))];
  const signature = joined([0x89], latin("PNG\r\n\x1a\n"));
  return joined(
    signature,
    chunk("IHDR", new Uint8Array(header.buffer)),
    ...chunks,
    ...parts,
    chunk("IEND", new Uint8Array(0)),
  );
}

export const run = (options) =>
  cases(options, async (dice, isInput) => {
    const original = dice.chance(0.3) ? png(dice) : dice.pick(files);
    const bytes = dice.chance(0.2) ? original : damage(original, dice, dice.pick(files));
    isInput(bytes);
    const labels = await outcome(() => readLabels(bytes, "labels"));
    if (labels !== undefined)
      check(labels.data.length === labels.width * labels.height, `${labels.data.length} labels`);
    const pixels = await outcome(() => readImage(bytes, "image"));
    if (pixels === undefined) return;
    const { width, height, channels, data, white, orientation } = pixels;
    check(data.length === width * height * channels, `${data.length} numbers for ${width} × ${height} × ${channels}`);
    check(
      data.every((x) => x <= white),
      "a pixel is brighter than white",
    );
    check(Number.isInteger(orientation) && orientation >= 1 && orientation <= 8, `the orientation is ${orientation}`);
    if (width * height > 1e6) return;
    const input = await outcome(() => imageToInput(pixels, [dice.from(1, 8), dice.from(1, 8), dice.pick([1, 3])]));
    check(
      input.values.every((x) => x >= -1e-6 && x <= 1 + 1e-6),
      "an input is not from 0 to 1",
    );
  });
