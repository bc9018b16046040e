import type { Layer } from "@convlens/layers";
import { reshape, type Tensor } from "@convlens/tensor";
import { isFloating, type ElementType } from "./elementTypes.ts";
import type { NodeCall, Operator } from "./node.ts";
import { Constant, joined, joinedConstants, Live, reshaped, type Value } from "./value.ts";
import { upTo } from "./axes.ts";

/** How an elementwise operator is computed. */
interface Elementwise {
  readonly since: readonly number[];
  /** Records it. */
  readonly record: (call: NodeCall, ...tensors: Tensor[]) => Tensor;
  /** Computes it from numbers that are known; without it, constants are computed as tensors. */
  readonly fold?: (call: NodeCall) => (...numbers: number[]) => number;
  /** Type of the result. Default: that of the first input. */
  readonly type?: (call: NodeCall) => ElementType;
  /** Inputs that take part. Default: all. */
  readonly inputs?: (call: NodeCall) => readonly Value[];
}

/** An operator that works element by element on inputs that are broadcast. */
export const elementwise = ({ since, record, fold, type, inputs }: Elementwise): Operator => ({
  since,
  record(call) {
    const values = inputs?.(call) ?? aligned(call);
    const resultType = type?.(call) ?? call.input(0).type;
    const isConstant = (value: Value): value is Constant => value instanceof Constant;
    if (fold !== undefined && values.every(isConstant)) return joinedConstants(values, resultType, fold(call));
    return joined(values, resultType, (...tensors) => record(call, ...tensors));
  },
});

/** Before version 7 an attribute said at which axis the second operand is aligned. */
function aligned(call: NodeCall): readonly Value[] {
  const values = call.all;
  const [a, b] = values;
  if (call.version >= 7 || b === undefined || a === undefined || values.length !== 2) return values;
  if (!call.node.attributes.has("axis")) return values;
  const after = a.rank - call.axis(a.rank, a.rank - b.rank) - b.rank;
  const shape = [...b.shape, ...upTo(Math.max(0, after)).map(() => 1)];
  if (b instanceof Constant) return [a, reshaped(b, shape)];
  const wide = reshape(b.arranged(upTo(b.rank)), shape);
  return [a, new Live(wide, upTo(wide.rank), b.type, b.batch)];
}

/** An operator of one input, element by element. */
export const unary = (
  since: readonly number[],
  record: (x: Tensor, call: NodeCall) => Tensor,
  fold?: (x: number) => number,
  layer?: (call: NodeCall) => Layer | undefined,
): Operator => ({
  ...elementwise({
    since,
    record: (call, x) => record(x, call),
    inputs: (call) => [call.input(0)],
    ...(fold !== undefined && { fold: () => (x: number) => fold(x) }),
  }),
  ...(layer !== undefined && {
    layer: (call: NodeCall) => {
      const made = layer(call);
      return made && { layer: made, layout: undefined };
    },
  }),
});

/** An operator of two inputs, element by element. */
export const binary = (
  since: readonly number[],
  record: (a: Tensor, b: Tensor) => Tensor,
  fold: (a: number, b: number) => number,
  type?: ElementType,
): Operator =>
  elementwise({
    since,
    record: (_, a, b) => record(a, b),
    fold: () => fold,
    ...(type !== undefined && { type: () => type }),
  });

/** An operator of any number of inputs, element by element. */
export const several = (
  since: readonly number[],
  record: (a: Tensor, b: Tensor) => Tensor,
  fold: (a: number, b: number) => number,
  after: (x: Tensor, count: number) => Tensor = (x) => x,
  foldAfter: (x: number, count: number) => number = (x) => x,
): Operator =>
  elementwise({
    since,
    record: (_, ...tensors) => after(tensors.reduce(record), tensors.length),
    fold:
      () =>
      (...numbers) =>
        foldAfter(
          numbers.reduce((a, b) => fold(a, b)),
          numbers.length,
        ),
  });

/** Whether an input has whole numbers. */
export const isWhole = (call: NodeCall, index = 0): boolean => !isFloating(call.input(index).type);
