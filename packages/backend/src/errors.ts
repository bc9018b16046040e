/** What an error is about, for programs that want to react to it. */
export interface ErrorDetails {
  /** The operation that was asked for, `conv2d`. */
  readonly operation?: string;
  /** The layer in its model, `layers.3 (Conv2d)`. */
  readonly path?: string;
  /** What the operation was recorded for: `"forward"`, `"backward"` or `"update"`. */
  readonly direction?: string;
  /** The step of training, from 1. */
  readonly step?: number;
  /** The axis by name or number. */
  readonly axis?: string | number;
  /** What would have been right. */
  readonly expected?: unknown;
  /** What came. */
  readonly got?: unknown;
  /** How to mend it. */
  readonly fix?: string;
  /** The error that led to this one. It becomes the `cause` of the error. */
  readonly cause?: unknown;
}

/** The base of every error of Convlens: one sentence to read, and the same as data. */
export class ConvlensError extends Error {
  override readonly name: string = "ConvlensError";
  /** The parts that the sentence is made of. */
  readonly details: ErrorDetails;

  constructor(sentence: string, { cause, ...details }: ErrorDetails = {}) {
    super(sentence, cause === undefined ? undefined : { cause });
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

/** An option or a value that has no meaning here: a negative stride, a label out of range, an empty data set. */
export class ValueError extends ConvlensError {
  override readonly name = "ValueError";
}

/** A call that cannot work as it is written: reading inside `compile`, a tensor of another backend, a disposed variable. */
export class UsageError extends ConvlensError {
  override readonly name = "UsageError";
}

/** Something that went wrong while a backend computed. */
export class BackendError extends ConvlensError {
  override readonly name = "BackendError";
}

/** The same error with a place in front of its sentence. */
function at(error: ConvlensError, place: string, details: ErrorDetails): ConvlensError {
  const Kind = error.constructor as new (sentence: string, details: ErrorDetails) => ConvlensError;
  return new Kind(`${place}: ${error.message}`, { ...error.details, ...details, cause: error });
}

/** The same error with the layer's path in front of its sentence, so that it says where in the model it happened. */
export const atPath = (error: unknown, path: string): unknown =>
  error instanceof ConvlensError && error.details.path === undefined ? at(error, path, { path }) : error;

/** What went wrong while a step of training was computed, with the step in front of its sentence. */
export const atStep = (error: unknown, step: number): unknown =>
  error instanceof BackendError && error.details.step === undefined ? at(error, `step ${step}`, { step }) : error;
