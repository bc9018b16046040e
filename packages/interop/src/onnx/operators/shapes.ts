import { sizeOf, type Shape } from "@convlens/backend";
import { Identity } from "@convlens/layers";
import { broadcastTo, multiply, oneHot, reshape, add } from "@convlens/tensor";
import { upTo } from "../axes.ts";
import { elementType, type ElementType } from "../elementTypes.ts";
import { refuse, type NodeCall, type Operator } from "../node.ts";
import {
  batchOf,
  broadcastShape,
  computed,
  Constant,
  inFileOrder,
  joinedConstants,
  Live,
  picked,
  reshaped,
  tensorIn,
  withRank,
  type BatchAxis,
  type Value,
} from "../value.ts";
import { fromEnd } from "./movement.ts";
import { broadcastSteps } from "@convlens/backend";

/** The batch axis after the axes of a value were split and joined: where the examples still lie one after the other. */
export function batchAfterReshape(batch: BatchAxis, from: Shape, to: Shape, count: number): BatchAxis {
  if (batch === undefined || batch === "mixed") return batch;
  const before = sizeOf(from.slice(0, batch));
  for (let axis = 0, product = 1; axis < to.length; axis++) {
    if (product === before && to[axis]! % count === 0 && to[axis] !== 0) return axis;
    product *= to[axis]!;
  }
  return "mixed";
}

/** The same numbers in another shape. */
export function reshapeTo(call: NodeCall, x: Value, shape: Shape): Value {
  if (sizeOf(shape) !== sizeOf(x.shape)) refuse(`[${x.shape.join(", ")}] has not the numbers of [${shape.join(", ")}]`);
  if (x instanceof Constant) return reshaped(x, shape);
  const batch = batchAfterReshape(x.batch, x.shape, shape, call.context.examples.count);
  return new Live(reshape(inFileOrder(x), shape), upTo(shape.length), x.type, batch);
}

/** A shape as the file asks for it: 0 keeps a size, −1 is what is left, and the number of examples is that of the batch. */
function wantedShape(call: NodeCall, x: Value, asked: readonly number[]): Shape {
  const { count, declared } = call.context.examples;
  const shape = asked.map((size, axis) => (size === 0 && !call.flag("allowzero") ? (x.shape[axis] ?? 0) : size));
  const isBatched = x instanceof Live && x.batch === 0 && declared !== undefined && declared !== count;
  // A file for a fixed batch has its size in the shape. The file's own product shows that it stands for the batch.
  if (isBatched && asked[0] === declared && x.shape[0] === count) shape[0] = count;
  const free = shape.indexOf(-1);
  if (free < 0) return shape;
  const others = sizeOf(shape.filter((_, axis) => axis !== free));
  shape[free] = others === 0 ? 0 : sizeOf(x.shape) / others;
  if (!Number.isInteger(shape[free])) refuse(`[${x.shape.join(", ")}] does not divide into [${asked.join(", ")}]`);
  return shape;
}

const reshapeOperator: Operator = {
  since: [1, 5, 13, 14, 19, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const asked = call.known(1, "the new shape") ?? call.numbers("shape") ?? refuse("the new shape is missing");
    return reshapeTo(call, x, wantedShape(call, x, asked));
  },
};

const flatten: Operator = {
  since: [1, 9, 11, 13, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const given = call.integer("axis", 1);
    const axis = given < 0 ? given + x.rank : given;
    return reshapeTo(call, x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  },
};

const squeeze: Operator = {
  since: [1, 11, 13, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const axes = call.axes(x.rank, 1) ?? upTo(x.rank).filter((axis) => x.shape[axis] === 1);
    const wrong = axes.find((axis) => x.shape[axis] !== 1);
    if (wrong !== undefined) refuse(`axis ${wrong} has ${x.shape[wrong]} elements, and is not of size 1`);
    const left = upTo(x.rank).filter((axis) => !axes.includes(axis));
    const shape = left.map((axis) => x.shape[axis]!);
    if (x instanceof Constant) return reshaped(x, shape);
    const layout = x.layout.filter((axis) => !axes.includes(axis));
    const y = reshape(
      x.tensor,
      layout.map((axis) => x.shape[axis]!),
    );
    return new Live(
      y,
      layout.map((axis) => left.indexOf(axis)),
      x.type,
      moved(x.batch, (axis) => left.indexOf(axis)),
    );
  },
};

/** The batch axis at its new place; one that is gone had a single example. */
const moved = (batch: BatchAxis, place: (axis: number) => number): BatchAxis => {
  if (typeof batch !== "number") return batch;
  const at = place(batch);
  return at < 0 ? "mixed" : at;
};

const unsqueeze: Operator = {
  since: [1, 11, 13, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const given = call.known(1, "a list of axes") ?? call.numbers("axes") ?? refuse("the axes are missing");
    const rank = x.rank + given.length;
    const axes = given.map((axis) => (axis < 0 ? axis + rank : axis));
    const old = upTo(rank).filter((axis) => !axes.includes(axis));
    if (old.length !== x.rank) refuse(`[${given.join(", ")}] are not new axes of a tensor of ${x.rank} axes`);
    const shape = upTo(rank).map((axis) => (axes.includes(axis) ? 1 : x.shape[old.indexOf(axis)]!));
    if (x instanceof Constant) return reshaped(x, shape);
    const layout = [...x.layout.map((axis) => old[axis]!), ...axes];
    const y = reshape(
      x.tensor,
      layout.map((axis) => shape[axis]!),
    );
    return new Live(
      y,
      layout,
      x.type,
      moved(x.batch, (axis) => old[axis]!),
    );
  },
};

const shapeOf: Operator = {
  since: [1, 13, 15, 19, 21, 23, 24],
  record: (call) =>
    Constant.integers(call.input(0).shape.slice(call.integer("start", 0), call.integer("end", call.input(0).rank))),
};

function constant(call: NodeCall): Constant {
  const { attributes } = call.node;
  const stored = call.tensor("value");
  if (stored !== undefined) return stored;
  const numbers = (name: string, type: ElementType, isList: boolean): Constant | undefined => {
    if (!attributes.has(name)) return undefined;
    const values = isList ? call.numbers(name)! : [call.float(name, 0)];
    return computed(type, isList ? [values.length] : [], (to) => to.set(values));
  };
  return (
    numbers("value_float", "float32", false) ??
    numbers("value_floats", "float32", true) ??
    numbers("value_int", "int64", false) ??
    numbers("value_ints", "int64", true) ??
    refuse(`constants of ${[...attributes.keys()].join(", ") || "no value"} are not supported`)
  );
}

const constantOfShape: Operator = {
  since: [9, 20, 21, 23, 24],
  record(call) {
    const shape = call.known(0, "the shape")!;
    const value = call.tensor("value");
    return computed(value?.type ?? "float32", shape, (to) => to.fill(value?.numbers[0] ?? 0));
  },
};

const range: Operator = {
  since: [11],
  record(call) {
    const [start, limit, delta] = [0, 1, 2].map((i) => call.knownNumber(i, "a bound of the range")!) as [
      number,
      number,
      number,
    ];
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    return computed(call.input(0).type, [count], (to) => {
      for (let i = 0; i < count; i++) to[i] = start + i * delta;
    });
  },
};

/** A shape to expand to; where the file has its number of examples, it is that of the batch. */
const expand: Operator = {
  since: [8, 13],
  record(call) {
    const x = call.input(0);
    const asked = [...call.known(1, "the shape")!];
    const shape = broadcastShape([x.shape, asked]);
    if (x instanceof Constant) return picked(x, shape, broadcastSteps(x.shape, shape));
    const wide = withRank(x, shape.length) as Live;
    const y = broadcastTo(
      wide.tensor,
      wide.layout.map((axis) => shape[axis]!),
    );
    return new Live(y, wide.layout, x.type, wide.batch);
  },
};

const eyeLike: Operator = {
  since: [9, 22],
  record(call) {
    const x = call.input(0);
    const [rows, columns] = x.shape as [number, number];
    const shift = call.integer("k", 0);
    const type = call.node.attributes.has("dtype") ? elementType(call.integer("dtype", 1)) : x.type;
    return computed(type ?? "float32", [rows, columns], (to) => {
      for (let row = 0; row < rows; row++)
        if (row + shift >= 0 && row + shift < columns) to[row * columns + row + shift] = 1;
    });
  },
};

/** off + (on − off) · one-hot, along an axis. Indices below 0 count from the end. */
const oneHotOperator: Operator = {
  since: [9, 11],
  record(call) {
    const x = call.input(0);
    const depth = call.knownNumber(1, "the depth")!;
    const [off, on] = call.known(2, "the two values")! as [number, number];
    const given = call.integer("axis", -1);
    const axis = given < 0 ? given + x.rank + 1 : given;
    const hot = oneHot(fromEnd(inFileOrder(x), depth), depth);
    // The new axis is the last one here.
    const layout = [...upTo(x.rank + 1).filter((other) => other !== axis), axis];
    const y = add(multiply(hot, on - off), off);
    return new Live(
      y,
      layout,
      call.input(2).type,
      moved(batchOf(x), (own) => (own < axis ? own : own + 1)),
    );
  },
};

/** Keeps the numbers above or below a diagonal. */
const trilu: Operator = {
  since: [14],
  record(call) {
    const x = call.input(0);
    const shift = call.knownNumber(1, "the diagonal") ?? 0;
    const isUpper = call.flag("upper", true);
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const mask = computed("float32", [rows, columns], (to) => {
      for (let i = 0; i < to.length; i++) {
        const [row, column] = [Math.floor(i / columns), i % columns];
        to[i] = Number(isUpper ? column >= row + shift : column <= row + shift);
      }
    });
    if (x instanceof Constant) return joinedConstants([x, mask], x.type, (value, keep) => (keep === 0 ? 0 : value));
    const y = multiply(inFileOrder(x), tensorIn(mask, [0, 1]));
    return new Live(y, upTo(x.rank), x.type, x.batch);
  },
};

const nonZero: Operator = {
  since: [9, 13],
  record(call) {
    const [x] = call.constants ?? refuse("the number of elements that are not zero depends on the input");
    const places: number[][] = x!.shape.map(() => []);
    x!.numbers.forEach((value, index) => {
      if (value === 0) return;
      let rest = index;
      for (let axis = x!.rank - 1; axis >= 0; axis--) {
        places[axis]!.push(rest % x!.shape[axis]!);
        rest = Math.floor(rest / x!.shape[axis]!);
      }
    });
    return Constant.integers(places.flat(), [x!.rank, places[0]?.length ?? 0]);
  },
};

/** One of two graphs, by a condition that is known when the model is recorded. */
const conditional: Operator = {
  since: [1, 11, 13, 16, 19, 21, 23, 24],
  record(call) {
    const condition = call.knownNumber(0, "the condition")!;
    return call.context.subgraph(call.graph(condition === 0 ? "else_branch" : "then_branch"));
  },
};

/** Window functions: a₀ − a₁ cos(2π i / n) + a₂ cos(4π i / n). */
const windowFunction = (a0: number, a1: number, a2: number): Operator => ({
  since: [17],
  record(call) {
    const count = call.knownNumber(0, "the length")!;
    const period = call.flag("periodic", true) ? count : count - 1;
    const type = elementType(call.integer("output_datatype", 1)) ?? "float32";
    return computed(type, [count], (to) => {
      for (let i = 0; i < count; i++) {
        const angle = (2 * Math.PI * i) / period;
        to[i] = a0 - a1 * Math.cos(angle) + a2 * Math.cos(2 * angle);
      }
    });
  },
});

export const shapes: Readonly<Record<string, Operator>> = {
  Shape: shapeOf,
  Size: { since: [1, 13, 19, 21, 23, 24], record: (call) => Constant.integers([sizeOf(call.input(0).shape)], []) },
  Reshape: reshapeOperator,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Constant: { since: [1, 9, 11, 12, 13, 19, 21, 23, 24], record: constant },
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  OneHot: oneHotOperator,
  Trilu: trilu,
  NonZero: nonZero,
  Identity: {
    since: [1, 13, 14, 16, 19, 21, 23, 24],
    layer: () => ({ layer: new Identity(), layout: undefined }),
    record: (call) => call.input(0),
  },
  If: conditional,
  HannWindow: windowFunction(0.5, 0.5, 0),
  HammingWindow: windowFunction(25 / 46, 21 / 46, 0),
  BlackmanWindow: windowFunction(0.42, 0.5, 0.08),
};
