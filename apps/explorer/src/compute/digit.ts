import { batchOf, type Classification } from "@convlens/datasets";

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
export async function digit(digits: Classification, { index }: DigitRequest): Promise<DigitAnswer> {
  return {
    pixels: Float32Array.from(batchOf(digits, [index]).inputs.knownValues),
    label: digits.classes[digits.labels[index]!]!,
  };
}
