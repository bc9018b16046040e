import { show } from "./show.ts";

/** Parts of an error. Its sentence is composed from them, and programs can react to them. */
export interface ErrorDetails {
  /** Function or layer that refuses: `conv2d`. The sentence begins with it. */
  readonly operation?: string | undefined;
  /** Layer in its model: `layers.3 (Conv2d)`. */
  readonly path?: string | undefined;
  /** What the operation was recorded for: `"forward"`, `"backward"` or `"update"`. */
  readonly direction?: string | undefined;
  /** Step of training, from 1. */
  readonly step?: number | undefined;
  /** What is wrong, as a clause, where "expected …, got …" alone does not say it. */
  readonly problem?: string | undefined;
  /** Subject of the sentence: the argument or property that is wrong, `"stride"`. */
  readonly what?: string | undefined;
  /** The axis by name or number. */
  readonly axis?: string | number | undefined;
  /** The right value, or words for it: `"a whole number of at least 1"`. */
  readonly expected?: unknown;
  /** The value that came. */
  readonly got?: unknown;
  /** Words for `got`, where the value itself would say too little. */
  readonly gotWords?: string | undefined;
  /** How to fix it, as a request: `"use less padding"`. */
  readonly fix?: string | undefined;
  /** The error that led to this one. It becomes the `cause` of the error. */
  readonly cause?: unknown;
}

/** What an error needs at least: what is wrong, or what was expected. */
export type ErrorParts = ErrorDetails & ({ readonly problem: string } | { readonly expected: unknown });

const inWords = (value: unknown): string => (typeof value === "string" ? value : show(value));

/** Composes `place: operation: problem: what (axis) must be expected, got value; fix` from the parts that are given. */
function sentenceOf(details: ErrorDetails): string {
  const { step, path, direction, operation, problem, what, axis, expected, got, gotWords, fix } = details;
  const subject = axis === undefined ? what : `${what} (${typeof axis === "number" ? `axis ${axis}` : axis})`;
  const claim =
    expected !== undefined &&
    (what === undefined ? `expected ${inWords(expected)}` : `${subject} must be ${inWords(expected)}`) +
      ("got" in details ? `, got ${gotWords ?? show(got)}` : "");
  const place = [path, direction].filter(Boolean).join(", ");
  const parts = [step !== undefined && `step ${step}`, place, operation, problem, claim].filter(Boolean);
  return parts.join(": ") + (fix === undefined ? "" : `; ${fix}`);
}

/**
 * The base of every error of Convlens. The message is one sentence, composed from the details.
 *
 * @example
 * ```ts
 * const error = new ValueError({ operation: "conv2d", what: "stride", expected: "at least 1", got: 0 });
 * error.message; // "conv2d: stride must be at least 1, got 0"
 * ```
 */
export class ConvlensError extends Error {
  override readonly name: string = "ConvlensError";
  /** Parts that the sentence is composed from, without the cause. */
  readonly details: ErrorDetails;

  constructor({ cause, ...details }: ErrorParts) {
    super(sentenceOf(details), cause === undefined ? undefined : { cause });
    // Without the cause, which would be printed twice.
    this.details = details;
  }
}

/** Shapes that do not fit an operation. */
export class ShapeError extends ConvlensError {
  override readonly name: string = "ShapeError";
}

/** A window that does not fit its input. */
export class GeometryError extends ShapeError {
  override readonly name = "GeometryError";
}

/** An option or a value that is not allowed: a negative stride, a label out of range, an empty data set. */
export class ValueError extends ConvlensError {
  override readonly name = "ValueError";
}

/** A call that cannot work as it is written: reading inside `compile`, a tensor of another backend, a disposed variable. */
export class UsageError extends ConvlensError {
  override readonly name = "UsageError";
}

/** A failure while a backend computed. */
export class BackendError extends ConvlensError {
  override readonly name = "BackendError";
}

/** Returns the same error with more details, such as the place where it happened. */
function located(error: ConvlensError, place: ErrorDetails): ConvlensError {
  const Kind = error.constructor as new (parts: ErrorParts) => ConvlensError;
  return new Kind({ ...error.details, ...place, cause: error } as ErrorParts);
}

/** Returns the same error with the path of the layer in front, unless it has one. Other errors are returned unchanged. */
export const atPath = (error: unknown, path: string): unknown =>
  error instanceof ConvlensError && error.details.path === undefined ? located(error, { path }) : error;

/** Returns the same failure of a backend with the step of training in front. Other errors are returned unchanged. */
export const atStep = (error: unknown, step: number): unknown =>
  error instanceof BackendError && error.details.step === undefined ? located(error, { step }) : error;
