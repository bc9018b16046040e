import { sizeOf, type Kernel, type None } from "@convlens/backend";
import { load4, shuffle4, zero4, type Local } from "../assembler/expression.ts";
import { f32x4, f64x2, v128, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";
import { doubleLog, functions } from "./functions.ts";
import { tasksOf } from "./loops.ts";
import { transpose4 } from "./transpose4.ts";

// Shares along rows that are often as short as there are classes. So four rows lie side by side in the lanes: they are laid
// out anew as columns of four numbers in a buffer, and nothing is left over, whatever their length. Sums are kept in float64.

type Vector = Expression<"v128">;
type Address = Local<"i32">;

const exp = (f: FunctionWriter, x: Vector): Vector => functions.exp(f, f.keep("exponent", x));

/** Reads a column of one of the buffers. */
type Column = (buffer: number) => Vector;

/** Writes code over four rows of each of some tensors, or fewer: then the last stands for those that are not there. */
class FourRows {
  readonly #f: FunctionWriter;
  readonly #length: number;
  readonly #count: number;
  readonly #buffers: Address;
  /** Where rows begin, in bytes. */
  readonly #offsets: readonly number[];

  constructor(f: FunctionWriter, length: number, count: number, buffers: Address) {
    this.#f = f;
    this.#length = length;
    this.#count = count;
    this.#buffers = buffers;
    this.#offsets = [0, 1, 2, 3].map((row) => 4 * length * Math.min(row, count - 1));
  }

  #place(buffer: number): number {
    return 16 * this.#length * buffer;
  }

  /** Lays rows out as columns in a buffer, and visits each column. */
  enter(rows: Address, buffer: number, visit?: (column: Vector) => void): void {
    const f = this.#f;
    const [from, to] = [f.keep("from", rows), f.keep("to", this.#buffers)];
    const some = (columns: number): void => {
      const lines = this.#offsets.map((offset) => load4(from, offset));
      for (const [i, column] of transpose4(f, lines).slice(0, columns).entries()) {
        visit?.(column);
        f.store4(to, column, this.#place(buffer) + 16 * i);
      }
      f.advance(from, 4 * columns);
      f.advance(to, 16 * columns);
    };
    f.times(Math.floor(this.#length / 4), () => some(4));
    if (this.#length % 4 > 0) some(this.#length % 4);
  }

  /** Visits the columns of all buffers; what is returned is kept in the first. */
  each(visit: (column: Column) => Vector | void): void {
    const at = this.#f.keep("at", this.#buffers);
    this.#f.times(this.#length, () => {
      const value = visit((buffer) => load4(at, this.#place(buffer)));
      if (value !== undefined) this.#f.store4(at, value);
      this.#f.advance(at, 16);
    });
  }

  /** Writes rows, made of the columns of all buffers. */
  leave(rows: Address, value: (column: Column) => Vector): void {
    const f = this.#f;
    const [to, at] = [f.keep("to", rows), f.keep("at", this.#buffers)];
    const columnOf = (i: number): Vector => value((buffer) => load4(at, this.#place(buffer) + 16 * i));
    const present = this.#offsets.slice(0, this.#count);
    f.times(Math.floor(this.#length / 4), () => {
      const lines = transpose4(f, [0, 1, 2, 3].map(columnOf));
      present.forEach((offset, row) => f.store4(to, lines[row]!, offset));
      f.advance(to, 16);
      f.advance(at, 64);
    });
    for (let i = 0; i < this.#length % 4; i++) {
      const column = f.keep("column", columnOf(i));
      present.forEach((offset, row) => f.storeOne(to, column, offset + 4 * i, row));
    }
  }

  /** Writes one number for each row. */
  leaveOne(to: Address, value: Vector): void {
    const kept = this.#f.keep("value", value);
    for (let row = 0; row < this.#count; row++) this.#f.storeOne(to, kept, 4 * row, row);
  }

  /** Four sums over columns, kept in float64; `formula` is what is made of each before it is rounded. */
  sum(term: (column: Column) => Vector, { formula, isKept }: SumOptions = {}): Local<"v128"> {
    const f = this.#f;
    const halves = [f.keep("sum", zero4), f.keep("sum", zero4)];
    this.each((column) => {
      const v = f.keep("term", term(column));
      [v, shuffle4(v, v, 2, 3, 2, 3)].forEach((half, i) =>
        f.set(halves[i]!, f64x2.add(halves[i]!, f64x2.promote_low_f32x4(half))),
      );
      return isKept ? v : undefined;
    });
    const [lower, upper] = halves.map((sum) => f.keep("half", f32x4.demote_f64x2_zero(formula?.(f, sum) ?? sum)));
    return f.keep("total", shuffle4(lower!, upper!, 0, 1, 4, 5));
  }
}
interface SumOptions {
  readonly formula?: (f: FunctionWriter, sum: Vector) => Vector;
  /** Whether the terms are left in the first buffer. */
  readonly isKept?: boolean;
}

/** Lays rows out, and gives the largest of each. What is no number is passed over: its exponential will tell. */
function enterLargest(f: FunctionWriter, four: FourRows, x: Address): Local<"v128"> {
  const largest = f.keep("largest", f.constant4(-Infinity));
  four.enter(x, 0, (column) => f.set(largest, f32x4.pmax(largest, column)));
  return largest;
}

/** Leaves e^(x − max) in the first buffer, and gives its sums. */
function writeExponentials(f: FunctionWriter, four: FourRows, x: Address): Local<"v128"> {
  const largest = enterLargest(f, four, x);
  return four.sum((column) => exp(f, f32x4.sub(column(0), largest)), { isKept: true });
}

/** The logarithm of the softmax: x − max − ln Σ e^(x − max). */
function logSoftmaxOf(f: FunctionWriter, four: FourRows, x: Address): (column: Column) => Vector {
  const largest = enterLargest(f, four, x);
  const logarithm = four.sum((column) => exp(f, f32x4.sub(column(0), largest)), { formula: doubleLog });
  return (column) => f32x4.sub(f32x4.sub(column(0), largest), logarithm);
}

type Name =
  | "softmax"
  | "softmaxGradient"
  | "logSoftmax"
  | "logSoftmaxGradient"
  | "softmaxCrossEntropy"
  | "softmaxCrossEntropyGradient";

/** What is done with four rows of each input and of the output. */
const bodies: Readonly<
  Record<Name, (f: FunctionWriter, four: FourRows, to: Address, from: readonly Address[]) => void>
> = {
  softmax: (f, four, y, [x]) => {
    const sum = writeExponentials(f, four, x!);
    four.leave(y, (column) => f32x4.div(column(0), sum));
  },
  // y · (dy − Σ dy·y)
  softmaxGradient: (_, four, dx, [dy, y]) => {
    four.enter(dy!, 0);
    four.enter(y!, 1);
    const sum = four.sum((column) => f32x4.mul(column(0), column(1)));
    four.leave(dx, (column) => f32x4.mul(column(1), f32x4.sub(column(0), sum)));
  },
  logSoftmax: (f, four, y, [x]) => four.leave(y, logSoftmaxOf(f, four, x!)),
  // dy − eʸ · Σ dy
  logSoftmaxGradient: (f, four, dx, [dy, y]) => {
    four.enter(dy!, 0);
    four.enter(y!, 1);
    const sum = four.sum((column) => column(0));
    four.leave(dx, (column) => f32x4.sub(column(0), f32x4.mul(exp(f, column(1)), sum)));
  },
  // −Σ t · ln softmax(x), without the classes of target 0
  softmaxCrossEntropy: (f, four, y, [x, targets]) => {
    four.enter(targets!, 1);
    const logSoftmax = logSoftmaxOf(f, four, x!);
    four.leaveOne(
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
    four.enter(targets!, 1);
    const shares = four.sum((column) => column(1));
    const sum = writeExponentials(f, four, x!);
    const slope = f.keep("slope", load4(dy!));
    four.leave(dx, (column) => f32x4.mul(slope, f32x4.sub(f32x4.mul(f32x4.div(column(0), sum), shares), column(1))));
  },
};

/** An exponential costs about as much as so many numbers that are moved. */
const COST = 8;

/** Along the last axis. */
const kernelOf =
  (runtime: Runtime, name: Name): Kernel<Block, None> =>
  ({ inputs, output }) => {
    // The last input is always whole; of others there may be one number to a row.
    const length = inputs.at(-1)!.at(-1)!;
    const widths = [output, ...inputs].map((shape) => shape.at(-1)!);
    const codeOf = (count: number): CompiledFunction =>
      runtime.code(
        `${name} ${count} of ${length}`,
        ["buffers", "to", ...inputs.map((_, i) => `x${i}`)],
        (f, ...parameters) => {
          const [buffers, to, ...from] = parameters as [Address, Address, ...Address[]];
          const some = (rows: number): void => {
            bodies[name](f, new FourRows(f, length, rows, buffers), to, from);
            [to, ...from].forEach((each, i) => f.advance(each, 4 * rows * widths[i]!));
          };
          f.times(Math.floor(count / 4), () => some(4));
          if (count % 4 > 0) some(count % 4);
        },
        COST * count * length,
      );
    const rows = sizeOf(output.slice(0, -1));
    const each = Math.min(rows, 4 * tasksOf(runtime, Math.ceil(rows / 4), 4 * COST * length).each);
    const calls = Math.floor(rows / each) || 0;
    const main = codeOf(each);
    const last = rows % each > 0 ? codeOf(rows % each) : undefined;
    const steps = widths.map((width) => 4 * each * width);
    return (from, to) => {
      const buffers = runtime.scratch(0, 8 * length);
      const starts = [to, ...from].map(({ start }) => start);
      main.callMany(calls, [buffers, 0, 32 * length], ...starts.map((start, i) => [start, steps[i]!] as const));
      last?.call(buffers, ...starts.map((start, i) => start + calls * steps[i]!));
    };
  };

/** Numbers turned into shares of 1, and how far these are from what they should be. */
export const softmaxKernels = (runtime: Runtime): Readonly<Record<Name, Kernel<Block, None>>> => ({
  softmax: kernelOf(runtime, "softmax"),
  softmaxGradient: kernelOf(runtime, "softmaxGradient"),
  logSoftmax: kernelOf(runtime, "logSoftmax"),
  logSoftmaxGradient: kernelOf(runtime, "logSoftmaxGradient"),
  softmaxCrossEntropy: kernelOf(runtime, "softmaxCrossEntropy"),
  softmaxCrossEntropyGradient: kernelOf(runtime, "softmaxCrossEntropyGradient"),
});
