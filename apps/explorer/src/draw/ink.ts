import type { Field } from "../fields.ts";

/** Height and width of a drawing of a digit. */
export const SIDE = 28;
const SIZE = SIDE * SIDE;

/** Levels of ink above paper. */
const LEVELS = 15;
const HEX = "0123456789abcdef";
/** Runs of 2 to 21 empty pixels. */
const RUNS = "ghijklmnopqrstuvwxyz";

/** A drawing as a short text: a digit from 0 to f for each pixel, and letters from g to z for runs of empty pixels. */
export function inkText(pixels: ArrayLike<number>): string {
  let [text, empty] = ["", 0];
  const flush = (): void => {
    while (empty > 1) {
      const run = Math.min(empty, RUNS.length + 1);
      text += RUNS[run - 2]!;
      empty -= run;
    }
    text += HEX[0]!.repeat(empty);
    empty = 0;
  };
  for (const ink of Array.from(pixels)) {
    const level = Math.round(Math.max(0, Math.min(1, ink)) * LEVELS);
    if (level === 0) empty++;
    else {
      flush();
      text += HEX[level]!;
    }
  }
  // Empty pixels at the end are left out.
  return text;
}

/** The square drawing of a text, row-major, from 0 (paper) to 1 (ink); `undefined` if the text is not valid. */
export function inkPixels(text: string, side = SIDE): Float32Array | undefined {
  const pixels = new Float32Array(side * side);
  let at = 0;
  for (const letter of text) {
    const level = HEX.indexOf(letter);
    const run = RUNS.indexOf(letter) + 2;
    if (level < 0 && run < 2) return undefined;
    if (at + (level < 0 ? run : 1) > pixels.length) return undefined;
    if (level < 0) at += run;
    else pixels[at++] = level / LEVELS;
  }
  return pixels;
}

/** Text of a missing drawing. */
export const NO_INK = "none";

/** The square drawing of a text; an empty one for a missing drawing. Row-major. */
export const inkOn = (text: string, side = SIDE): Float32Array =>
  (text === NO_INK ? undefined : inkPixels(text, side)) ?? new Float32Array(side * side);

/** A field for a square drawing of the reader. */
export const inkField = (side = SIDE): Field<string> => ({
  initial: NO_INK,
  print: String,
  parse: (text) => (text === NO_INK || inkPixels(text, side) !== undefined ? text : undefined),
});

/** A place on the pad, in pixels from its upper left corner. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Half the width of the pen, and of its soft edge. */
const PEN = 1.1;
const EDGE = 0.5;

/** A square drawing after a stroke from one spot to another, with the pen or the eraser. */
export function stroked(pixels: Float32Array, from: Spot, to: Spot, erases = false, pen = PEN): Float32Array {
  const next = pixels.slice();
  const side = Math.sqrt(pixels.length);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let i = 0; i < next.length; i++) {
    const [x, y] = [(i % side) + 0.5 - from.x, Math.floor(i / side) + 0.5 - from.y];
    const along = length === 0 ? 0 : Math.max(0, Math.min(1, (x * dx + y * dy) / length));
    const level = Math.max(0, Math.min(1, pen + EDGE - Math.hypot(x - along * dx, y - along * dy)));
    next[i] = erases ? Math.min(next[i]!, 1 - level) : Math.max(next[i]!, level);
  }
  return next;
}

/** Longest side of a digit of MNIST, and the pixel of its centre of mass. */
const BOX = 20;
const MIDDLE = 14;
/** Pixels with less ink count as paper. */
const FAINT = 0.1;
/** Largest scale, so that a dot stays a dot. */
const LARGEST_SCALE = 4;
/** Points along each side of a pixel that are averaged. */
const FINE = 3;

/**
 * A drawing scaled and moved as the digits of MNIST are: the longest side of its ink is 20 pixels, and its centre of mass is at
 * pixel 14 in both directions. An empty drawing stays empty.
 */
export function centred(pixels: Float32Array): Float32Array {
  let [mass, x, y, left, right, top, bottom] = [0, 0, 0, SIDE, -1, SIDE, -1];
  pixels.forEach((ink, i) => {
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    mass += ink;
    x += ink * column;
    y += ink * row;
    if (ink < FAINT) return;
    [left, right, top, bottom] = [
      Math.min(left, column),
      Math.max(right, column),
      Math.min(top, row),
      Math.max(bottom, row),
    ];
  });
  const longest = Math.max(right - left, bottom - top) + 1;
  if (longest < 1) return pixels;
  const scale = Math.min(LARGEST_SCALE, BOX / longest);
  const at = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= SIDE || column >= SIDE ? 0 : pixels[row * SIDE + column]!;
  const between = (row: number, column: number): number => {
    const [r, c] = [Math.floor(row), Math.floor(column)];
    const [down, across] = [row - r, column - c];
    return (
      (1 - down) * ((1 - across) * at(r, c) + across * at(r, c + 1)) +
      down * ((1 - across) * at(r + 1, c) + across * at(r + 1, c + 1))
    );
  };
  return Float32Array.from({ length: SIZE }, (_, i) => {
    let sum = 0;
    for (let fine = 0; fine < FINE * FINE; fine++) {
      const row = Math.floor(i / SIDE) + (Math.floor(fine / FINE) - 1) / FINE;
      const column = (i % SIDE) + ((fine % FINE) - 1) / FINE;
      sum += between((row - MIDDLE) / scale + y / mass, (column - MIDDLE) / scale + x / mass);
    }
    return Math.min(1, sum / (FINE * FINE));
  });
}
