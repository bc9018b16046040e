import {
  sizeOf,
  type Input,
  type Inputs,
  type Kernel,
  type None,
  type Op,
  type RowOperations,
} from "@convlens/backend";
import { load4, shuffle4, zero4, type Local, type Pointer } from "../assembler/expression.ts";
import { f32x4, f64x2, v128, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { strided } from "../callList.ts";
import { defineFunction } from "../defineFunction.ts";
import type { Block } from "../heap.ts";
import type { Runtime, CpuKernels } from "../runtime.ts";
import { doubleLog, functions } from "./functions.ts";
import { tasksOf } from "./loops.ts";
import { splitCalls } from "./splitCalls.ts";
import { transpose4, four, type Four } from "./transpose4.ts";

// Rows are often short: one number for each class. So four rows lie side by side in the lanes. They are transposed to columns of
// four numbers in a buffer, so that rows of any length fill whole vectors. Sums are in float64.

const exp = (f: FunctionWriter, x: Vector): Vector => functions.exp(f, f.keep(x));

/** Loads a column of one of the buffers. */
type Column = (buffer: number) => Vector;

/** Writes code for four rows of some tensors, or fewer: then the last row takes the place of the missing ones. */
class FourRows {
  readonly #f: FunctionWriter;
  readonly #length: number;
  readonly #count: number;
  readonly #buffers: Pointer;
  /** Offset of each row. */
  readonly #offsets: Four<number>;

  constructor(f: FunctionWriter, length: number, count: number, buffers: Pointer) {
    this.#f = f;
    this.#length = length;
    this.#count = count;
    this.#buffers = buffers;
    this.#offsets = four((row) => length * Math.min(row, count - 1));
  }

  #place(buffer: number): number {
    return 4 * this.#length * buffer;
  }

  /** Transposes rows to columns in a buffer, and visits each column. */
  load(rows: Pointer, buffer: number, visit?: (column: Vector) => void): void {
    const f = this.#f;
    const [from, to] = [f.keep(rows), f.keep(this.#buffers)];
    const some = (columns: number): void => {
      const lines = four((row) => load4(from, this.#offsets[row]));
      for (const [i, column] of transpose4(f, lines).slice(0, columns).entries()) {
        visit?.(column);
        f.store4(to, column, this.#place(buffer) + 4 * i);
      }
      f.advance(from, columns);
      f.advance(to, 4 * columns);
    };
    f.inParts(this.#length, 4, some);
  }

  /** Visits the columns of all buffers; a returned value is stored in the first buffer. */
  each(visit: (column: Column) => Vector | void): void {
    const at = this.#f.keep(this.#buffers);
    this.#f.times(this.#length, () => {
      const value = visit((buffer) => load4(at, this.#place(buffer)));
      if (value !== undefined) this.#f.store4(at, value);
      this.#f.advance(at, 4);
    });
  }

  /** Stores rows whose columns are computed from those of all buffers. */
  store(rows: Pointer, value: (column: Column) => Vector): void {
    const f = this.#f;
    const [to, at] = [f.keep(rows), f.keep(this.#buffers)];
    const columnOf = (i: number): Vector => value((buffer) => load4(at, this.#place(buffer) + 4 * i));
    const present = this.#offsets.slice(0, this.#count);
    f.times(Math.floor(this.#length / 4), () => {
      const lines = transpose4(f, four(columnOf));
      present.forEach((offset, row) => f.store4(to, lines[row]!, offset));
      f.advance(to, 4);
      f.advance(at, 16);
    });
    for (let i = 0; i < this.#length % 4; i++) {
      const column = f.keep(columnOf(i));
      present.forEach((offset, row) => f.storeOne(to, column, offset + i, row));
    }
  }

  /** Stores one number for each row. */
  storeOne(to: Pointer, value: Vector): void {
    const numbers = this.#f.keep(value);
    for (let row = 0; row < this.#count; row++) this.#f.storeOne(to, numbers, row, row);
  }

  /** Four sums over columns, in float64; `formula` is applied before they are rounded. */
  sum(term: (column: Column) => Vector, { formula, storesTerms }: SumOptions = {}): Local<"v128"> {
    const f = this.#f;
    const [lower, upper] = [f.keep(zero4), f.keep(zero4)];
    this.each((column) => {
      const v = f.keep(term(column));
      f.set(lower, f64x2.add(lower, f64x2.promote_low_f32x4(v)));
      f.set(upper, f64x2.add(upper, f64x2.promote_low_f32x4(shuffle4(v, v, 2, 3, 2, 3))));
      return storesTerms ? v : undefined;
    });
    const rounded = (sum: Vector): Vector => f.keep(f32x4.demote_f64x2_zero(formula?.(f, sum) ?? sum));
    return f.keep(shuffle4(rounded(lower), rounded(upper), 0, 1, 4, 5));
  }
}
interface SumOptions {
  readonly formula?: (f: FunctionWriter, sum: Vector) => Vector;
  /** Whether the terms are stored in the first buffer. */
  readonly storesTerms?: boolean;
}

/** Loads rows, and returns the maximum of each. NaN is ignored here, and propagates by its exponential. */
function loadLargest(f: FunctionWriter, four: FourRows, x: Pointer): Local<"v128"> {
  const largest = f.keep(f.constant4(-Infinity));
  four.load(x, 0, (column) => f.set(largest, f32x4.pmax(largest, column)));
  return largest;
}

/** Stores e^(x − max) in the first buffer, and returns its sums. */
function writeExponentials(f: FunctionWriter, four: FourRows, x: Pointer): Local<"v128"> {
  const largest = loadLargest(f, four, x);
  return four.sum((column) => exp(f, f32x4.sub(column(0), largest)), { storesTerms: true });
}

/** The logarithm of the softmax: x − max − ln Σ e^(x − max). */
function logSoftmaxOf(f: FunctionWriter, four: FourRows, x: Pointer): (column: Column) => Vector {
  const largest = loadLargest(f, four, x);
  const logarithm = four.sum((column) => exp(f, f32x4.sub(column(0), largest)), { formula: doubleLog });
  return (column) => f32x4.sub(f32x4.sub(column(0), largest), logarithm);
}

type Name = keyof RowOperations;

/** Computes four rows of the output from four rows of each input. */
interface RowWriter<O extends Op = Op> {
  write(f: FunctionWriter, four: FourRows, to: Pointer, from: Inputs<O, Pointer>): void;
}
const bodies: { readonly [K in Name]: RowWriter<RowOperations[K]>["write"] } = {
  softmax: (f, four, y, [x]) => {
    const sum = writeExponentials(f, four, x);
    four.store(y, (column) => f32x4.div(column(0), sum));
  },
  // y · (dy − Σ dy·y)
  softmaxGradient: (_, four, dx, [dy, y]) => {
    four.load(dy, 0);
    four.load(y, 1);
    const sum = four.sum((column) => f32x4.mul(column(0), column(1)));
    four.store(dx, (column) => f32x4.mul(column(1), f32x4.sub(column(0), sum)));
  },
  logSoftmax: (f, four, y, [x]) => four.store(y, logSoftmaxOf(f, four, x)),
  // dy − eʸ · Σ dy
  logSoftmaxGradient: (f, four, dx, [dy, y]) => {
    four.load(dy, 0);
    four.load(y, 1);
    const sum = four.sum((column) => column(0));
    four.store(dx, (column) => f32x4.sub(column(0), f32x4.mul(exp(f, column(1)), sum)));
  },
  // −Σ t · ln softmax(x), without the classes of target 0
  softmaxCrossEntropy: (f, four, y, [x, targets]) => {
    four.load(targets, 1);
    const logSoftmax = logSoftmaxOf(f, four, x);
    four.storeOne(
      y,
      f32x4.neg(
        four.sum((column) =>
          v128.andnot(f32x4.mul(column(1), logSoftmax(column)), f32x4.eq(column(1), f.constant(zero4))),
        ),
      ),
    );
  },
  // dy · (softmax(x) · Σ t − t)
  softmaxCrossEntropyGradient: (f, four, dx, [dy, x, targets]) => {
    four.load(targets, 1);
    const shares = four.sum((column) => column(1));
    const sum = writeExponentials(f, four, x);
    const gradient = f.keep(load4(dy));
    four.store(dx, (column) => f32x4.mul(gradient, f32x4.sub(f32x4.mul(f32x4.div(column(0), sum), shares), column(1))));
  },
};

/** Cost of an exponential, in moved numbers. */
const COST = 8;

/** Rows for one call. `widths` are the lengths of a row of the output and of each input. */
interface RowsParameters {
  readonly name: Name;
  readonly count: number;
  readonly length: number;
  readonly widths: readonly number[];
}

const softmaxFunction = defineFunction({
  name: "softmax",
  arity: ({ widths }: RowsParameters) => 1 + widths.length,
  write: (f, { name, count, length, widths }: RowsParameters, buffers, to, ...from) => {
    const writeRows: RowWriter["write"] = bodies[name];
    const some = (rows: number): void => {
      writeRows(f, new FourRows(f, length, rows, buffers), to, from);
      [to, ...from].forEach((each, i) => f.advance(each, rows * widths[i]!));
    };
    f.inParts(count, 4, some);
  },
  work: ({ count, length }) => COST * count * length,
});

/** Prepares an operation along the last axis. */
const kernelOf =
  (runtime: Runtime, name: Name): Kernel<Block, Op<readonly Input[], None>> =>
  ({ inputs, output }) => {
    // The last input has whole rows; others may have one number for each row.
    const length = inputs.at(-1)!.at(-1)!;
    const widths = [output, ...inputs].map((shape) => shape.at(-1)!);
    const rows = sizeOf(output.slice(0, -1));
    const each = Math.min(rows, 4 * tasksOf(runtime, Math.ceil(rows / 4), 4 * COST * length).each);
    const run = splitCalls(rows, each, (count) => runtime.compile(softmaxFunction, { name, count, length, widths }));
    return (from, to) => {
      const buffers = strided(runtime.scratch(0, 8 * length), 0, 8 * length);
      run(buffers, ...[to, ...from].map(({ start }, i) => strided(start, each * widths[i]!)));
    };
  };

/** Softmax, cross-entropy, and their gradients. */
export const softmaxKernels = (runtime: Runtime): CpuKernels<Name> => ({
  softmax: kernelOf(runtime, "softmax"),
  softmaxGradient: kernelOf(runtime, "softmaxGradient"),
  logSoftmax: kernelOf(runtime, "logSoftmax"),
  logSoftmaxGradient: kernelOf(runtime, "logSoftmaxGradient"),
  softmaxCrossEntropy: kernelOf(runtime, "softmaxCrossEntropy"),
  softmaxCrossEntropyGradient: kernelOf(runtime, "softmaxCrossEntropyGradient"),
});
