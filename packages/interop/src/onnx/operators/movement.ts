import { sizeOf, stepsOf, type Shape } from "@convlens/backend";
import {
  broadcastTo,
  concat,
  gather,
  pad,
  reshape,
  slice,
  tile,
  transpose,
  add,
  divide,
  less,
  maximum,
  multiply,
  ones,
  scatter,
  where,
  type Tensor,
} from "@convlens/tensor";
import { eachOffset, upTo } from "../axes.ts";
import { refuse, type NodeCall, type Operator } from "../node.ts";
import {
  batchOf,
  commonBatch,
  computed,
  Constant,
  inFileOrder,
  layoutOf,
  Live,
  onlyOn,
  picked,
  tensorIn,
  type BatchAxis,
  type Value,
} from "../value.ts";

/** Changes the names of axes; nothing moves before somebody needs an order. */
const transposed: Operator = {
  since: [1, 13, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const order = call.numbers("perm") ?? upTo(x.rank).reverse();
    if (order.length !== x.rank) refuse(`an order of ${order.length} axes for a tensor of ${x.rank}`);
    if (x instanceof Constant) {
      const strides = stepsOf(x.shape);
      return picked(
        x,
        order.map((axis) => x.shape[axis]!),
        order.map((axis) => strides[axis]!),
      );
    }
    const batch = typeof x.batch === "number" ? order.indexOf(x.batch) : x.batch;
    return new Live(
      x.tensor,
      x.layout.map((axis) => order.indexOf(axis)),
      x.type,
      batch,
    );
  },
};

const concatenated: Operator = {
  since: [1, 4, 11, 13],
  record(call) {
    const values = call.all;
    const first = values[0] ?? refuse("it has no inputs");
    const axis = call.axis(first.rank, 1);
    const constants = call.constants;
    if (constants !== undefined) return concatConstants(constants, axis);
    const parts = values.filter(({ shape }) => shape[axis] !== 0);
    const main = parts.find((value): value is Live => value instanceof Live) ?? (first as Live);
    const batch = onlyOn(commonBatch(parts.map(batchOf)), (own) => own !== axis);
    const tensors = parts.map((part) => withExamples(part, main.layout, batch, call));
    return new Live(concat(tensors, main.layout.indexOf(axis)), main.layout, first.type, batch);
  },
};

/** Repeats what is the same for all examples, and has the size of the file's own batch, for each of them. */
function withExamples(value: Value, layout: readonly number[], batch: BatchAxis, call: NodeCall): Tensor {
  const x = tensorIn(value, layout);
  const { count, declared } = call.context.examples;
  if (typeof batch !== "number" || batchOf(value) !== undefined || declared !== 1 || value.shape[batch] !== 1) return x;
  return broadcastTo(
    x,
    x.shape.map((size, i) => (layout[i] === batch ? count : size)),
  );
}

function concatConstants(parts: readonly Constant[], axis: number): Constant {
  const first = parts[0]!;
  const shape = first.shape.map((size, i) =>
    i === axis ? parts.reduce((total, part) => total + part.shape[i]!, 0) : size,
  );
  const strides = stepsOf(shape);
  return computed(first.type, shape, (to) => {
    let start = 0;
    for (const part of parts) {
      eachOffset(part.shape, strides, start, (offset, index) => (to[offset] = part.numbers[index]!));
      start += part.shape[axis]! * strides[axis]!;
    }
  });
}

/** Where a slice begins along each axis, its size, and its steps. */
interface Section {
  readonly begin: readonly number[];
  readonly size: readonly number[];
  readonly step: readonly number[];
}

/** Takes a section of a value. */
function sectionOf(x: Value, { begin, size, step }: Section): Value {
  if (x instanceof Constant) {
    const strides = stepsOf(x.shape);
    const start = begin.reduce((offset, at, axis) => offset + at * strides[axis]!, 0);
    return picked(
      x,
      size,
      strides.map((stride, axis) => stride * step[axis]!),
      start,
    );
  }
  const arranged = (numbers: readonly number[]): number[] => x.layout.map((axis) => numbers[axis]!);
  const isWhole = (axis: number): boolean => begin[axis] === 0 && size[axis] === x.shape[axis] && step[axis] === 1;
  const y = slice(x.tensor, arranged(begin), arranged(size), arranged(step));
  return new Live(y, x.layout, x.type, onlyOn(x.batch, isWhole));
}

/** Bounds as numpy's slices: negative ones count from the end, and those beyond the end are the end. */
const sliced: Operator = {
  since: [1, 10, 11, 13],
  record(call) {
    const x = call.input(0);
    const starts = call.known(1, "the starts") ?? call.numbers("starts") ?? refuse("the starts are missing");
    const ends = call.known(2, "the ends") ?? call.numbers("ends") ?? refuse("the ends are missing");
    const axes = call.axes(x.rank, 3) ?? upTo(starts.length);
    const steps = call.known(4, "the steps") ?? axes.map(() => 1);
    const section = { begin: x.shape.map(() => 0), size: [...x.shape], step: x.shape.map(() => 1) };
    axes.forEach((axis, i) => {
      const { begin, size, step } = axisSection(call, x, axis, [starts[i]!, ends[i]!, steps[i]!]);
      section.begin[axis] = begin;
      section.size[axis] = size;
      section.step[axis] = step;
    });
    return sectionOf(x, section);
  },
};

function axisSection(
  call: NodeCall,
  x: Value,
  axis: number,
  [start, end, step]: readonly [number, number, number],
): { begin: number; size: number; step: number } {
  const length = x.shape[axis]!;
  const { declared, count } = call.context.examples;
  // All of the examples that the file was written for are all that there are.
  if (batchOf(x) === axis && step === 1 && start === 0 && declared !== undefined && end >= declared && length === count)
    return { begin: 0, size: length, step: 1 };
  if (step === 0) refuse("a step of 0");
  const clamp = (value: number, least: number, largest: number): number => Math.min(Math.max(value, least), largest);
  const counted = (value: number): number => (value < 0 ? value + length : value);
  const first = step > 0 ? clamp(counted(start), 0, length) : clamp(counted(start), -1, length - 1);
  const last = step > 0 ? clamp(counted(end), 0, length) : clamp(counted(end), -1, length - 1);
  const size = Math.max(0, Math.ceil((last - first) / step));
  return { begin: size === 0 ? 0 : first, size, step };
}

const split: Operator = {
  since: [2, 11, 13, 18],
  record(call) {
    const x = call.input(0);
    const axis = call.axis(x.rank, 0);
    const count = call.node.outputs.length;
    const length = x.shape[axis]!;
    const each = Math.ceil(length / count);
    const sizes =
      call.known(1, "the sizes") ??
      call.numbers("split") ??
      upTo(count).map((i) => Math.max(0, Math.min(each, length - i * each)));
    let begin = 0;
    return sizes.map((size) => {
      const section: Section = {
        begin: x.shape.map((_, i) => (i === axis ? begin : 0)),
        size: x.shape.map((whole, i) => (i === axis ? size : whole)),
        step: x.shape.map(() => 1),
      };
      begin += size;
      return sectionOf(x, section);
    });
  },
};

const wrapped = (index: number, size: number): number => {
  const at = index < 0 ? index + size : index;
  return at >= 0 && at < size ? at : refuse(`the index ${index} of ${size}`);
};

const gathered: Operator = {
  since: [1, 11, 13],
  record(call) {
    const [x, indices] = [call.input(0), call.input(1)];
    const axis = call.axis(x.rank, 0);
    const size = x.shape[axis]!;
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    if (x instanceof Constant && indices instanceof Constant) {
      const inner = sizeOf(x.shape.slice(axis + 1));
      const places = Array.from(indices.numbers, (i) => wrapped(i, size));
      return computed(x.type, shape, (to) => {
        for (let i = 0; i < to.length; i++) {
          const [outer, rest] = [Math.floor(i / (inner * places.length)), i % (inner * places.length)];
          to[i] = x.numbers[(outer * size + places[Math.floor(rest / inner)]!) * inner + (rest % inner)]!;
        }
      });
    }
    const picks =
      indices instanceof Constant
        ? Constant.integers(
            Array.from(indices.numbers, (i) => wrapped(i, size)),
            [indices.numbers.length],
          ).tensor([0])
        : fromEnd(reshape(inFileOrder(indices), [sizeOf(indices.shape)]), size);
    const y = reshape(gather(inFileOrder(x), picks, axis), shape);
    const own = onlyOn(batchOf(x), (batch) => batch !== axis);
    const moved = typeof own === "number" && own > axis ? own + indices.rank - 1 : own;
    const ofIndices = batchOf(indices);
    const fromIndices = typeof ofIndices === "number" ? ofIndices + axis : ofIndices;
    return new Live(y, upTo(shape.length), x.type, commonBatch([moved, fromIndices]));
  },
};

/** Computed indices below 0 count from the end. */
export const fromEnd = (indices: Tensor, size: number): Tensor => where(less(indices, 0), add(indices, size), indices);

/** Adds up to `flat` what an index says along one axis: places of numbers in row-major order. */
function flatIndices(indices: Value, shape: Shape, axis: number, size: number): Tensor {
  const strides = stepsOf(shape);
  const others = computed("float32", indices.shape, (to) =>
    eachOffset(
      indices.shape,
      strides.map((stride, i) => (i === axis ? 0 : stride)),
      0,
      (offset, i) => (to[i] = offset),
    ),
  );
  return add(multiply(fromEnd(inFileOrder(indices), size), strides[axis]!), inFileOrder(others));
}

/** One number for each index: y[i][j] = x[index[i][j]][j] along axis 0. */
const gatherElements: Operator = {
  since: [11, 13],
  record(call) {
    const [x, indices] = [call.input(0), call.input(1)];
    const axis = call.axis(x.rank, 0);
    const flat = flatIndices(indices, x.shape, axis, x.shape[axis]!);
    const y = gather(reshape(inFileOrder(x), [sizeOf(x.shape)]), reshape(flat, [sizeOf(indices.shape)]));
    const batch = onlyOn(commonBatch([batchOf(x), batchOf(indices)]), (own) => own !== axis);
    return new Live(reshape(y, indices.shape), upTo(indices.rank), x.type, batch);
  },
};

/** Slices at places that are rows of indices. */
const gatherND: Operator = {
  since: [11, 12, 13],
  record(call) {
    const [x, indices] = [call.input(0), call.input(1)];
    const stacks = call.integer("batch_dims", 0);
    const depth = indices.shape.at(-1)!;
    const stackSize = sizeOf(x.shape.slice(0, stacks));
    const picked = x.shape.slice(stacks, stacks + depth);
    const inner = x.shape.slice(stacks + depth);
    const places = sizeOf(indices.shape.slice(stacks, -1));
    const strides = stepsOf(picked);
    const rows = reshape(inFileOrder(indices), [stackSize, places, depth]);
    const columns = upTo(depth).map((i) =>
      multiply(fromEnd(slice(rows, [0, 0, i], [stackSize, places, 1]), picked[i]!), strides[i]!),
    );
    const within = columns.reduce((a, b) => add(a, b));
    const size = sizeOf(picked);
    const whole = add(within, reshape(multiply(rangeTo(stackSize), size), [stackSize, 1, 1]));
    const y = gather(reshape(inFileOrder(x), [stackSize * size, sizeOf(inner)]), reshape(whole, [stackSize * places]));
    const shape = [...indices.shape.slice(0, -1), ...inner];
    const batch = onlyOn(commonBatch([batchOf(x), batchOf(indices)]), (own) => own < stacks);
    return new Live(
      reshape(y, shape),
      upTo(shape.length),
      x.type,
      stacks === 0 ? onlyOn(batchOf(indices), (own) => own < indices.rank - 1) : batch,
    );
  },
};

/** Replaces numbers of a constant shape at places, or adds to them. */
function scattered(call: NodeCall, flat: Tensor, updates: Value, inner: Shape): Live {
  const x = call.input(0);
  const width = sizeOf(inner);
  const rows = sizeOf(x.shape) / Math.max(1, width);
  const places = reshape(flat, [sizeOf(flat.shape)]);
  const values = reshape(inFileOrder(updates), [places.size, width]);
  const before = reshape(inFileOrder(x), [rows, width]);
  const kind = call.text("reduction", "none");
  if (kind !== "none" && kind !== "add") refuse(`the reduction "${kind}" is not supported`);
  const sums = scatter(values, places, rows);
  const hits = scatter(ones([places.size, width]), places, rows);
  const y = kind === "add" ? add(before, sums) : where(hits, divide(sums, maximum(hits, 1)), before);
  const batch = commonBatch([batchOf(x), batchOf(updates)]);
  return new Live(reshape(y, x.shape), upTo(x.rank), x.type, batch === undefined ? undefined : "mixed");
}

const scatterElements: Operator = {
  since: [9, 11, 13, 16, 18],
  record(call) {
    const [x, indices] = [call.input(0), call.input(1)];
    const axis = call.axis(x.rank, 0);
    return scattered(call, flatIndices(indices, x.shape, axis, x.shape[axis]!), call.input(2), []);
  },
};

const scatterND: Operator = {
  since: [11, 13, 16, 18],
  record(call) {
    const [x, indices] = [call.input(0), call.input(1)];
    const depth = indices.shape.at(-1)!;
    const strides = stepsOf(x.shape.slice(0, depth));
    const rows = reshape(inFileOrder(indices), [sizeOf(indices.shape.slice(0, -1)), depth]);
    const columns = upTo(depth).map((i) =>
      multiply(fromEnd(slice(rows, [0, i], [rows.shape[0]!, 1]), x.shape[i]!), strides[i]!),
    );
    return scattered(
      call,
      columns.reduce((a, b) => add(a, b)),
      call.input(2),
      x.shape.slice(depth),
    );
  },
};

const rangeTo = (count: number): Tensor => Constant.integers(upTo(count)).tensor([0]);

const modes = { constant: "constant", reflect: "reflect", edge: "replicate", wrap: "wrap" } as const;

/** Adds to both ends of axes; negative numbers take away. */
const padded: Operator = {
  since: [1, 2, 11, 13, 18, 19, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const pads =
      call.known(1, "the padding") ??
      call.numbers("pads") ??
      call.numbers("paddings") ??
      refuse("the padding is missing");
    const value = call.knownNumber(2, "the value") ?? call.float("value", 0);
    const axes = call.axes(x.rank, 3) ?? upTo(x.rank);
    const given = call.text("mode", "constant");
    if (!(given in modes)) refuse(`the mode "${given}" is not supported`);
    const mode = modes[given as keyof typeof modes];
    const sides = x.shape.map(() => [0, 0] as [number, number]);
    axes.forEach((axis, i) => (sides[axis] = [pads[i]!, pads[i + axes.length]!]));
    const begin = sides.map(([before]) => Math.max(0, -before));
    const size = x.shape.map((length, axis) => length - begin[axis]! - Math.max(0, -sides[axis]![1]));
    const cut = begin.every((at, axis) => at === 0 && size[axis] === x.shape[axis])
      ? x
      : sectionOf(x, { begin, size, step: x.shape.map(() => 1) });
    const grow = sides.map(([before, after]) => [Math.max(0, before), Math.max(0, after)] as const);
    const layout = layoutOf(cut);
    const y = pad(
      tensorIn(cut, layout),
      layout.map((axis) => [...grow[axis]!] as [number, number]),
      {
        mode,
        ...(mode === "constant" && { value }),
      },
    );
    return new Live(
      y,
      layout,
      x.type,
      onlyOn(batchOf(cut), (axis) => grow[axis]!.every((side) => side === 0)),
    );
  },
};

const tiled: Operator = {
  since: [6, 13],
  record(call) {
    const x = call.input(0);
    const repeats = call.known(1, "the repeats")!;
    const layout = layoutOf(x);
    if (x instanceof Constant) return tileConstant(x, repeats);
    const y = tile(
      x.tensor,
      layout.map((axis) => repeats[axis]!),
    );
    return new Live(
      y,
      layout,
      x.type,
      onlyOn(x.batch, (axis) => repeats[axis] === 1),
    );
  },
};

function tileConstant(x: Constant, repeats: readonly number[]): Constant {
  const shape = x.shape.map((size, axis) => size * repeats[axis]!);
  const strides = stepsOf(shape);
  return computed(x.type, shape, (to) => {
    for (let i = 0; i < to.length; i++) {
      let from = 0;
      strides.forEach(
        (stride, axis) => (from = from * x.shape[axis]! + ((Math.floor(i / stride) % shape[axis]!) % x.shape[axis]!)),
      );
      to[i] = x.numbers[from]!;
    }
  });
}

/** Moves channels into space: [n, c, h, w] to [n, c / b², h · b, w · b]. */
const depthToSpace: Operator = {
  since: [1, 11, 13],
  record(call) {
    const x = call.input(0);
    const block = call.integer("blocksize", 1);
    const [n, channels, height, width] = x.shape as [number, number, number, number];
    const depth = channels / block ** 2;
    if (!Number.isInteger(depth)) refuse(`${channels} channels do not divide into blocks of ${block} × ${block}`);
    const maps = tensorIn(x, [0, 2, 3, 1]);
    const isColumnsFirst = call.text("mode", "DCR") === "CRD";
    const parts = isColumnsFirst ? [n, height, width, depth, block, block] : [n, height, width, block, block, depth];
    const order = isColumnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 1, 3, 2, 4, 5];
    const y = reshape(transpose(reshape(maps, parts), order), [n, height * block, width * block, depth]);
    return new Live(
      y,
      [0, 2, 3, 1],
      x.type,
      onlyOn(batchOf(x), (axis) => axis === 0),
    );
  },
};

const spaceToDepth: Operator = {
  since: [1, 13],
  record(call) {
    const x = call.input(0);
    const block = call.integer("blocksize", 1);
    const [n, channels, height, width] = x.shape as [number, number, number, number];
    const [rows, columns] = [height / block, width / block];
    if (!Number.isInteger(rows) || !Number.isInteger(columns))
      refuse(`maps of ${height} × ${width} do not divide into blocks of ${block}`);
    const maps = reshape(tensorIn(x, [0, 2, 3, 1]), [n, rows, block, columns, block, channels]);
    const y = reshape(transpose(maps, [0, 1, 3, 2, 4, 5]), [n, rows, columns, block ** 2 * channels]);
    return new Live(
      y,
      [0, 2, 3, 1],
      x.type,
      onlyOn(batchOf(x), (axis) => axis === 0),
    );
  },
};

/** Crops and pads around the middle. */
const centerCropPad: Operator = {
  since: [18],
  record(call) {
    const x = call.input(0);
    const wanted = call.known(1, "the shape")!;
    const axes = call.numbers("axes")?.map((axis) => (axis < 0 ? axis + x.rank : axis)) ?? upTo(x.rank);
    const section = { begin: x.shape.map(() => 0), size: [...x.shape], step: x.shape.map(() => 1) };
    const sides = x.shape.map(() => [0, 0] as [number, number]);
    axes.forEach((axis, i) => {
      const more = wanted[i]! - x.shape[axis]!;
      if (more >= 0) sides[axis] = [Math.floor(more / 2), more - Math.floor(more / 2)];
      else {
        section.begin[axis] = Math.floor(-more / 2);
        section.size[axis] = wanted[i]!;
      }
    });
    const cut = sectionOf(x, section);
    const layout = layoutOf(cut);
    const y = pad(
      tensorIn(cut, layout),
      layout.map((axis) => sides[axis]!),
    );
    return new Live(
      y,
      layout,
      x.type,
      onlyOn(batchOf(cut), (axis) => sides[axis]!.every((side) => side === 0)),
    );
  },
};

export const movement: Readonly<Record<string, Operator>> = {
  Transpose: transposed,
  Concat: concatenated,
  Slice: sliced,
  Split: split,
  Gather: gathered,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  ScatterND: scatterND,
  Pad: padded,
  Tile: tiled,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  CenterCropPad: centerCropPad,
};
