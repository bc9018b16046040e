/** What an operator of a file becomes. */
export interface OperatorReport {
  /** Name of the operator: `Conv`. */
  readonly name: string;
  /** Number of nodes. */
  readonly count: number;
  /** Classes of the layers that compute it, `folded` for what is known before, `shapes` for what follows from shapes. */
  readonly as: readonly string[];
}

/** Name, type and shape of an input or output. */
export interface ValueReport {
  readonly name: string;
  /** Element type in the file; everything is computed in float32. */
  readonly type: string;
  /** Sizes in the order of the file, or names of free ones. `undefined` if the file does not tell. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What a file says of its model, and how that is computed here. */
export interface ImportReport {
  readonly format: "onnx";
  /** The program that wrote the file, as it names itself. */
  readonly producer: string;
  /** Version of the set of operators. */
  readonly opset: number;
  readonly operators: readonly OperatorReport[];
  readonly inputs: readonly ValueReport[];
  readonly outputs: readonly ValueReport[];
  /**
   * How a batch goes through: `free` where the file leaves its size open, `opened` where the size was fixed and it was shown that
   * examples are kept apart, `each` where they are computed one by one, `unknown` before the first batch of another size.
   */
  batch: "free" | "opened" | "each" | "unknown";
  /** What was assumed, in sentences. */
  readonly notes: string[];
}
