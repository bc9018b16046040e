import { BLOCK, type Component } from "./frame.ts";

/** Samples of a component, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  /** Row stride in samples. */
  readonly stride: number;
  readonly samples: Uint8ClampedArray;
}

/** Computes the samples of a component from its coefficients. */
export function samplesOf({ width, height, blocksInRow, blockRows, coefficients, quantization }: Component): Plane {
  if (coefficients === undefined) throw new Error("a colour is missing");
  if (quantization === undefined) throw new Error("a quantization table is missing");
  const stride = 8 * blocksInRow;
  const samples = new Uint8ClampedArray(stride * 8 * blockRows);
  const block = new Int32Array(BLOCK);
  for (let row = 0, from = 0; row < blockRows; row++)
    for (let column = 0; column < blocksInRow; column++, from += BLOCK) {
      const to = row * 8 * stride + column * 8;
      let isEven = true;
      for (let k = 0; k < BLOCK; k++) {
        const coefficient = coefficients[from + k]! * quantization[k]!;
        block[k] = coefficient;
        if (k > 0 && coefficient !== 0) isEven = false;
      }
      if (isEven) {
        // A block with a DC coefficient only, rounded as below.
        const sample = ((block[0]! * 4 + 16) >> 5) + 128;
        for (let y = 0; y < 8; y++) samples.fill(sample, to + y * stride, to + y * stride + 8);
        continue;
      }
      inverseTransform(block);
      for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) samples[to + y * stride + x] = block[y * 8 + x]! + 128;
    }
  return { width, height, stride, samples };
}

/** The inverse DCT of a block in place, in integers as in libjpeg: columns, then rows. */
function inverseTransform(block: Int32Array): void {
  // The column pass keeps 2 fractional bits; the row pass removes them and the 3 bits of the transform's own scale.
  for (let column = 0; column < 8; column++) transformLine(block, column, 8, BITS - 2);
  for (let row = 0; row < 8; row++) transformLine(block, 8 * row, 1, BITS + 2 + 3);
}

/** Fractional bits of the constants. */
const BITS = 13;

/**
 * The one-dimensional inverse DCT of eight numbers, `step` apart, in place (Loeffler, Ligtenberg and Moschytz 1989, with 12
 * multiplications). Constants are multiples of 2⁻¹³: sums and differences of √2 · cos(k π / 16).
 */
function transformLine(line: Int32Array, at: number, step: number, shift: number): void {
  const in0 = line[at]!;
  const in1 = line[at + step]!;
  const in2 = line[at + 2 * step]!;
  const in3 = line[at + 3 * step]!;
  const in4 = line[at + 4 * step]!;
  const in5 = line[at + 5 * step]!;
  const in6 = line[at + 6 * step]!;
  const in7 = line[at + 7 * step]!;
  const even = (in2 + in6) * 4433;
  const low = even - in6 * 15137;
  const high = even + in2 * 6270;
  const sum = (in0 + in4) << BITS;
  const difference = (in0 - in4) << BITS;
  const odd = (in7 + in3 + in5 + in1) * 9633;
  const a = (in7 + in1) * -7373;
  const b = (in5 + in3) * -20995;
  const c = (in7 + in3) * -16069 + odd;
  const d = (in5 + in1) * -3196 + odd;
  const odd0 = in7 * 2446 + a + c;
  const odd1 = in5 * 16819 + b + d;
  const odd2 = in3 * 25172 + b + c;
  const odd3 = in1 * 12299 + a + d;
  const half = 1 << (shift - 1);
  line[at] = (sum + high + odd3 + half) >> shift;
  line[at + 7 * step] = (sum + high - odd3 + half) >> shift;
  line[at + step] = (difference + low + odd2 + half) >> shift;
  line[at + 6 * step] = (difference + low - odd2 + half) >> shift;
  line[at + 2 * step] = (difference - low + odd1 + half) >> shift;
  line[at + 5 * step] = (difference - low - odd1 + half) >> shift;
  line[at + 3 * step] = (sum - high + odd0 + half) >> shift;
  line[at + 4 * step] = (sum - high - odd0 + half) >> shift;
}
