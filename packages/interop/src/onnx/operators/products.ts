import { sizeOf } from "@convlens/backend";
import { Dense } from "@convlens/layers";
import { add, broadcastTo, matmul, multiply, reshape, sum, transpose, type Tensor } from "@convlens/tensor";
import { upTo } from "../axes.ts";
import { refuse, type NodeCall, type NodeLayer, type Operator, type Parameter } from "../node.ts";
import {
  batchOf,
  broadcastShape,
  commonBatch,
  Constant,
  inFileOrder,
  Live,
  type BatchAxis,
  type Value,
} from "../value.ts";

/** The weights of a node that is exactly a dense layer, as the file has them: `[inputs, units]`, or the other way round. */
function denseFields(call: NodeCall): Readonly<Record<string, Parameter>> {
  const weights = call.inputs[1];
  const bias = call.inputs[2];
  return {
    ...(weights instanceof Constant && {
      weights: { input: 1, layout: call.flag("transB") ? [1, 0] : [0, 1] },
    }),
    ...(bias instanceof Constant && bias.rank > 0 && { bias: { input: 2, layout: upTo(bias.rank) } }),
  };
}

function denseLayer(call: NodeCall): NodeLayer | undefined {
  const weights = call.inputs[1];
  const bias = call.inputs[2];
  const isPlain = !call.flag("transA") && call.float("alpha", 1) === 1 && call.float("beta", 1) === 1;
  if (!isPlain || !(weights instanceof Constant)) return undefined;
  const [inputs, units] = (call.flag("transB") ? weights.shape.toReversed() : weights.shape) as [number, number];
  const hasBias = bias instanceof Constant && bias.rank === 1 && bias.shape[0] === units;
  if (bias !== undefined && !hasBias) return undefined;
  return { layer: new Dense({ units, inputs, bias: hasBias }), layout: () => [0, 1], fields: denseFields(call) };
}

/** α · A' · B' + β · C */
const gemm: Operator = {
  since: [6, 7, 9, 11, 13],
  parameters: denseFields,
  layer: denseLayer,
  record(call) {
    const [a, b, c] = [call.input(0), call.input(1), call.inputs[2]];
    const [transposeA, transposeB] = [call.flag("transA"), call.flag("transB")];
    const [alpha, beta] = [call.float("alpha", 1), call.float("beta", 1)];
    const product = matmul(inFileOrder(a), inFileOrder(b), { transposeA, transposeB });
    const scaled = alpha === 1 ? product : multiply(product, alpha);
    const y =
      c === undefined || beta === 0
        ? scaled
        : add(scaled, beta === 1 ? inFileOrder(c) : multiply(inFileOrder(c), beta));
    const rows = transposed(batchOf(a), transposeA, 0);
    const columns = transposed(batchOf(b), transposeB, 1);
    return new Live(y, [0, 1], a.type, commonBatch([rows, columns, c === undefined ? undefined : alignedBatch(c, 2)]));
  },
};

/** The batch axis of an operand of a product in the result, whose axis `kept` comes from it. */
function transposed(batch: BatchAxis, isTransposed: boolean, kept: 0 | 1): BatchAxis {
  if (batch === undefined || batch === "mixed") return batch;
  const axis = isTransposed ? 1 - batch : batch;
  return axis === kept ? kept : "mixed";
}

const alignedBatch = (value: Value, rank: number): BatchAxis => {
  const batch = batchOf(value);
  return typeof batch === "number" ? batch + rank - value.rank : batch;
};

/** A product of stacks of matrices, as numpy's matmul; operands of one axis are a row or a column. */
export function product(a: Value, b: Value): Live {
  const [left, right] = [inFileOrder(a), inFileOrder(b)];
  const [isRow, isColumn] = [left.rank === 1, right.rank === 1];
  const x = isRow ? reshape(left, [1, left.size]) : left;
  const w = isColumn ? reshape(right, [right.size, 1]) : right;
  const stack = broadcastShape([x.shape.slice(0, -2), w.shape.slice(0, -2)]);
  const wide = multiplied(x, w, stack);
  const shape = [...stack, ...(isRow ? [] : [wide.shape.at(-2)!]), ...(isColumn ? [] : [wide.shape.at(-1)!])];
  const batch = commonBatch([
    operandBatch(a, isRow ? 1 : 2, stack.length, "row"),
    operandBatch(b, isColumn ? 1 : 2, stack.length, "column"),
  ]);
  // A batch axis counts from the front, so that a missing row or column shifts it.
  const shifted = typeof batch === "number" && isRow && batch > stack.length ? batch - 1 : batch;
  return new Live(reshape(wide, shape), upTo(shape.length), a.type, shifted);
}

function multiplied(x: Tensor, w: Tensor, stack: readonly number[]): Tensor {
  if (w.rank === 2 && x.rank > 2) {
    const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
    return reshape(matmul(rows, w), [...x.shape.slice(0, -1), w.shape[1]!]);
  }
  const whole = (y: Tensor): Tensor => broadcastTo(y, [...stack, ...y.shape.slice(-2)]);
  return x.rank === 2 && w.rank === 2 ? matmul(x, w) : matmul(whole(x), whole(w));
}

/** The batch axis of an operand in the whole result `[…stack, rows, columns]`. */
function operandBatch(value: Value, matrixAxes: number, stack: number, side: "row" | "column"): BatchAxis {
  const batch = batchOf(value);
  if (batch === undefined || batch === "mixed") return batch;
  const inStack = value.rank - matrixAxes;
  if (batch < inStack) return batch + stack - inStack;
  if (side === "row") return matrixAxes === 2 && batch === inStack ? stack : "mixed";
  return matrixAxes === 2 && batch === inStack + 1 ? stack + 1 : "mixed";
}

const matMul: Operator = {
  since: [1, 9, 13],
  parameters: (call): Readonly<Record<string, Parameter>> => {
    const index = call.inputs.findIndex((value) => value instanceof Constant);
    const weights = call.inputs[index];
    return weights === undefined ? {} : { weights: { input: index, layout: upTo(weights.rank) } };
  },
  record: (call) => product(call.input(0), call.input(1)),
};

/** Letters of the operands and of the result of an equation: `bij,bjk->bik`. */
function parseEquation(equation: string, ranks: readonly number[]): { operands: string[][]; result: string[] } {
  const [left = "", right] = equation.replaceAll(" ", "").split("->");
  const texts = left.split(",");
  if (texts.length !== ranks.length) refuse(`the equation "${equation}" is not for ${ranks.length} inputs`);
  /** Axes under `...`, named by numbers from the last one. */
  const letters = (text: string, rank: number): string[] => {
    const [before = "", after] = text.split("...");
    if (after === undefined) return [...before];
    const count = rank - before.length - after.length;
    return [...before, ...upTo(count).map((i) => `${count - i}`), ...after];
  };
  const operands = texts.map((text, i) => letters(text, ranks[i]!));
  operands.forEach((names, i) => {
    if (names.length !== ranks[i]) refuse(`the equation "${equation}" does not fit an input of ${ranks[i]} axes`);
    if (new Set(names).size !== names.length)
      refuse(`the equation "${equation}" takes a diagonal, which is not supported`);
  });
  const all = operands.flat();
  const hidden = [...new Set(all.filter((name) => /\d/.test(name)))].sort((a, b) => Number(b) - Number(a));
  if (right !== undefined) {
    const [before = "", after] = right.split("...");
    return { operands, result: after === undefined ? [...before] : [...before, ...hidden, ...after] };
  }
  const once = [...new Set(all)].filter(
    (name) => !/\d/.test(name) && all.filter((other) => other === name).length === 1,
  );
  return { operands, result: [...hidden, ...once.sort()] };
}

/** Sums of products over axes that are named by letters. Done by broadcasting for more than two operands. */
const einsum: Operator = {
  since: [12],
  record(call) {
    const values = call.all;
    const { operands, result } = parseEquation(
      call.text("equation", ""),
      values.map(({ rank }) => rank),
    );
    const summed = [...new Set(operands.flat())].filter((name) => !result.includes(name));
    const names = [...result, ...summed];
    const wide = values.map((value, i) => {
      const own = operands[i]!;
      const order = names.filter((name) => own.includes(name)).map((name) => own.indexOf(name));
      const x = transpose(inFileOrder(value), order);
      return reshape(
        x,
        names.map((name) => (own.includes(name) ? value.shape[own.indexOf(name)]! : 1)),
      );
    });
    const batch = commonBatch(
      values.map((value, i) => {
        const axis = batchOf(value);
        if (typeof axis !== "number") return axis;
        const at = result.indexOf(operands[i]![axis]!);
        return at < 0 ? "mixed" : at;
      }),
    );
    return new Live(contracted(wide, names.length - summed.length), upTo(result.length), values[0]!.type, batch);
  },
};

/** Multiplies tensors of the same axes, and sums over those from `kept` on. */
function contracted(tensors: readonly Tensor[], kept: number): Tensor {
  const [a, b] = tensors;
  const rank = a!.rank;
  const axes = upTo(rank).slice(kept);
  if (tensors.length === 2 && axes.length > 0) {
    const product = asProduct(a!, b!, kept);
    if (product !== undefined) return product;
  }
  const whole = tensors.reduce((x, y) => multiply(x, y));
  return axes.length === 0 ? whole : sum(whole, axes);
}

/** The same as a product of matrices, where each kept axis belongs to both operands, or to one of them alone. */
function asProduct(a: Tensor, b: Tensor, kept: number): Tensor | undefined {
  const axes = upTo(kept);
  const shared = axes.filter((axis) => a.shape[axis] === b.shape[axis]);
  const left = axes.filter((axis) => b.shape[axis] === 1 && !shared.includes(axis));
  const right = axes.filter((axis) => a.shape[axis] === 1 && !shared.includes(axis));
  const summed = upTo(a.rank).slice(kept);
  if (shared.length + left.length + right.length !== kept) return undefined;
  if (summed.some((axis) => a.shape[axis] !== b.shape[axis])) return undefined;
  const size = (x: Tensor, of: readonly number[]): number => of.reduce((total, axis) => total * x.shape[axis]!, 1);
  const rows = reshape(transpose(a, [...shared, ...left, ...right, ...summed]), [
    size(a, shared),
    size(a, left),
    size(a, summed),
  ]);
  const columns = reshape(transpose(b, [...shared, ...right, ...left, ...summed]), [
    size(b, shared),
    size(b, right),
    size(b, summed),
  ]);
  const y = matmul(rows, columns, { transposeB: true });
  const order = [...shared, ...left, ...right];
  const wide = reshape(
    y,
    order.map((axis) => Math.max(a.shape[axis]!, b.shape[axis]!)),
  );
  return transpose(
    wide,
    axes.map((axis) => order.indexOf(axis)),
  );
}

export const products: Readonly<Record<string, Operator>> = { Gemm: gemm, MatMul: matMul, Einsum: einsum };
