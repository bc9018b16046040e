import type { Dataset } from "@convlens/datasets";

/** Which digit of those that the net has not seen. */
export interface DigitRequest {
  readonly index: number;
}

/** A digit as somebody has written it. */
export interface DigitAnswer {
  /** Row-major, from 0 (paper) to 1 (ink), 28 × 28. */
  readonly pixels: Float32Array;
  /** What it is said to be. */
  readonly label: string;
}

/** One of the digits. */
export async function digit(digits: Dataset, { index }: DigitRequest): Promise<DigitAnswer> {
  const size = digits.shape.reduce((a, b) => a * b);
  const start = index * size;
  return {
    pixels: Float32Array.from(digits.inputs.subarray(start, start + size), (value) => value * digits.scale),
    label: digits.classes[digits.labels[index]!]!,
  };
}
