/** What an error is about, for programs that want to react to it. */
export interface ErrorDetails {
  /** The operation that was asked for, `conv2d`. */
  readonly operation?: string;
  /** The layer in its model, `layers.3 (Conv2d)`. */
  readonly path?: string;
  /** The axis by name or number. */
  readonly axis?: string | number;
  /** What would have been right. */
  readonly expected?: unknown;
  /** What came. */
  readonly got?: unknown;
  /** How to mend it. */
  readonly fix?: string;
  /** The error below this one. */
  readonly cause?: unknown;
}

/** The base of every error of Convlens: one sentence to read, and the same as data. */
export class ConvlensError extends Error {
  override readonly name: string = "ConvlensError";
  /** The parts that the sentence is made of. */
  readonly details: ErrorDetails;

  constructor(sentence: string, details: ErrorDetails = {}) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause });
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

/** The same error with the layer's path in front of its sentence, so that it says where in the model it happened. */
export function atPath(error: unknown, path: string): unknown {
  if (!(error instanceof ConvlensError) || error.details.path !== undefined) return error;
  const Kind = error.constructor as new (sentence: string, details: ErrorDetails) => ConvlensError;
  return new Kind(`${path}: ${error.message}`, { ...error.details, path, cause: error });
}
