import type { Dataset } from "@convlens/datasets";

/** A digit of the test set. */
export interface DigitRequest {
  readonly index: number;
}

/** A handwritten digit. */
export interface DigitAnswer {
  /** Row-major, from 0 (paper) to 1 (ink), 28 × 28. */
  readonly pixels: Float32Array;
  /** Its label. */
  readonly label: string;
}

/** A digit of a set. */
export async function digit(digits: Dataset, { index }: DigitRequest): Promise<DigitAnswer> {
  const size = digits.shape.reduce((a, b) => a * b);
  const start = index * size;
  return {
    pixels: Float32Array.from(digits.inputs.subarray(start, start + size), (value) => value * digits.scale),
    label: digits.classes[digits.labels[index]!]!,
  };
}
