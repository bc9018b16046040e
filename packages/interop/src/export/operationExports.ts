import type { Attributes, Composites, OperationName, Pool2dGeometry, Primitives, Sliding } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { channelsFirst, isSame, upTo } from "../onnx/axes.ts";
import type { ExportedValue, Exporter } from "./exporter.ts";
import type { Attribute } from "./graphWriter.ts";

/** Writes the node or nodes of an operation. */
type Write = (exporter: Exporter, tensor: Tensor) => ExportedValue;

const attributesOf = <K extends OperationName>(tensor: Tensor): Attributes<K> => tensor.attributes as Attributes<K>;

/** An operator of inputs that are broadcast, in the layout of the largest. */
const elementwise =
  (operator: string, after?: (e: Exporter, t: Tensor, value: ExportedValue) => ExportedValue): Write =>
  (e, tensor) => {
    const computed = tensor.inputs.filter((x) => e.numbersOf(x) === undefined);
    const largest = computed.reduce<Tensor | undefined>(
      (a, b) => (a !== undefined && a.size >= b.size ? a : b),
      undefined,
    );
    const layout = largest?.rank === tensor.rank ? e.value(largest).layout : upTo(tensor.rank);
    const value = e.node(
      tensor,
      operator,
      tensor.inputs.map((x) => broadcastable(e, x, layout)),
      layout,
    );
    return after === undefined ? value : after(e, tensor, value);
  };

/** An operand in a layout of as many axes or more. */
function broadcastable(e: Exporter, x: Tensor, layout: readonly number[]): string {
  if (e.numbersOf(x) !== undefined) return x.size === 1 ? e.constant(x, upTo(0), []) : e.constant(x, layout);
  const more = layout.length - x.rank;
  if (more === 0) return e.arranged(x, layout);
  if (isSame(layout, upTo(layout.length))) return e.arranged(x, upTo(x.rank));
  const axes = e.graph.integers(upTo(more));
  const wide = e.graph.node("Unsqueeze", [e.arranged(x, upTo(x.rank)), axes]);
  return e.graph.node("Transpose", [wide], { perm: layout });
}

/** Turns a boolean into 0 and 1. */
const asNumber = (e: Exporter, t: Tensor, { name, layout }: ExportedValue): ExportedValue =>
  e.node(t, "Cast", [name], layout, { to: 1 });

const condition: Write = (e, tensor) => {
  const [test, a, b] = tensor.inputs as readonly [Tensor, Tensor, Tensor];
  const computed = [test, a, b].filter((x) => e.numbersOf(x) === undefined && x.rank === tensor.rank);
  const layout = computed.length > 0 ? e.value(computed[0]!).layout : upTo(tensor.rank);
  const isTrue = e.graph.node("Cast", [broadcastable(e, test, layout)], { to: 9 });
  return e.node(tensor, "Where", [isTrue, broadcastable(e, a, layout), broadcastable(e, b, layout)], layout);
};

/** e^x − 1 and ln(1 + x), which ONNX does not have. */
const withOne =
  (operator: string, isBefore: boolean): Write =>
  (e, tensor) => {
    const x = e.value(tensor.inputs[0]!);
    const one = e.graph.weights("one", [], [1]);
    if (isBefore) return e.node(tensor, operator, [e.graph.node("Add", [x.name, one])], x.layout);
    return e.node(tensor, "Sub", [e.graph.node(operator, [x.name]), one], x.layout);
  };

/** Padding as ONNX has it: all before, then all after. */
const padsOf = (...axes: readonly Sliding[]): number[] => [...axes.map((s) => s.before), ...axes.map((s) => s.after)];
const windowOf = (height: Sliding, width: Sliding): Record<string, Attribute> => ({
  kernel_shape: [height.window, width.window],
  strides: [height.stride, width.stride],
  dilations: [height.dilation, width.dilation],
  pads: padsOf(height, width),
});

const IMAGES = channelsFirst(4);

/** The bias that is added to a product, if nothing else reads it. */
function biasOf(e: Exporter, product: Tensor, size: number): { bias: Tensor; sum: Tensor } | undefined {
  const readers = e.readersOf(product);
  const [sum] = readers;
  if (readers.length !== 1 || sum?.operation !== "add") return undefined;
  const bias = sum.inputs.find((x) => x !== product && e.numbersOf(x) !== undefined && x.rank === 1 && x.size === size);
  return bias && { bias, sum };
}

/** A sum that is a product with its bias. */
const sumWithBias: Write = (e, tensor) => {
  for (const product of tensor.inputs) {
    const isProduct = ["conv2d", "conv2dInputGradient", "matmul"].includes(product.operation ?? "");
    if (!isProduct || product.rank !== tensor.rank) continue;
    const found = biasOf(e, product, tensor.shape.at(-1)!);
    if (found?.sum === tensor)
      return productExports[product.operation as keyof typeof productExports](e, product, found.bias);
  }
  return elementwise("Add")(e, tensor);
};

type WriteProduct = (e: Exporter, tensor: Tensor, bias?: Tensor) => ExportedValue;

const convolution: WriteProduct = (e, tensor, bias) => {
  const { height, width, groups } = attributesOf<"conv2d">(tensor).geometry;
  const [x, filters] = tensor.inputs as readonly [Tensor, Tensor];
  const inputs = [e.arranged(x, IMAGES), e.arranged(filters, [3, 2, 0, 1])];
  if (bias !== undefined) inputs.push(e.constant(bias, [0]));
  return e.node(tensor, "Conv", inputs, IMAGES, { ...windowOf(height, width), group: groups });
};

/** The gradient of a convolution's input is a transposed convolution. */
const transposed: WriteProduct = (e, tensor, bias) => {
  const { height, width, groups } = attributesOf<"conv2dInputGradient">(tensor).geometry;
  const [x, filters] = tensor.inputs as readonly [Tensor, Tensor];
  const inputs = [e.arranged(x, IMAGES), e.arranged(filters, [3, 2, 0, 1])];
  if (bias !== undefined) inputs.push(e.constant(bias, [0]));
  const extra = [height, width].map(
    (s) => s.input - ((s.output - 1) * s.stride + (s.window - 1) * s.dilation + 1 - s.before - s.after),
  );
  const attributes = { ...windowOf(height, width), group: groups, output_padding: extra };
  return e.node(tensor, "ConvTranspose", inputs, IMAGES, attributes);
};

/** Maps that were flattened with the channels first: their channels and places. */
function flattenedMaps(e: Exporter, x: Tensor): Tensor | undefined {
  if (x.operation !== "reshape" || x.rank !== 2) return undefined;
  const maps = x.inputs[0]!;
  const isFlat = maps.rank > 2 && maps.shape[0] === x.shape[0] && e.sizeOf(maps, 0) === undefined;
  const areProducts = e
    .readersOf(x)
    .every(
      (reader) =>
        reader.operation === "matmul" &&
        reader.inputs[0] === x &&
        e.pathOf(reader.inputs[1]!) !== undefined &&
        !attributesOf<"matmul">(reader).transposeA,
    );
  // Only maps that already have the channels first: else a Transpose would come in by this.
  return isFlat &&
    areProducts &&
    e.numbersOf(maps) === undefined &&
    isSame(e.value(maps).layout, channelsFirst(maps.rank))
    ? maps
    : undefined;
}

const matrixProduct: WriteProduct = (e, tensor, bias) => {
  const { transposeA, transposeB } = attributesOf<"matmul">(tensor);
  const [a, b] = tensor.inputs as readonly [Tensor, Tensor];
  const rank = tensor.rank;
  const maps = flattenedMaps(e, a);
  if (rank === 2 && e.numbersOf(b) !== undefined) {
    const [units, left] = [tensor.shape[1]!, maps === undefined ? e.arranged(a, [0, 1]) : e.value(a).name];
    // Weights [units, inputs], as PyTorch has them, with inputs in the order of channels first where maps were flattened.
    const channels = maps?.shape.at(-1) ?? 1;
    const inputs = b.size / units;
    const wide = transposeB ? [units, inputs / channels, channels] : [inputs / channels, channels, units];
    const order = transposeB ? [0, 2, 1] : [2, 1, 0];
    const weights =
      maps === undefined
        ? e.constant(b, transposeB ? [0, 1] : [1, 0])
        : flatWeights(e, b, wide, order, [units, inputs]);
    const operands = bias === undefined ? [left, weights] : [left, weights, e.constant(bias, [0])];
    return e.node(tensor, "Gemm", operands, [0, 1], { transA: Number(transposeA), transB: 1 });
  }
  const swap = [...upTo(rank - 2), rank - 1, rank - 2];
  const operand = (x: Tensor, isTransposed: boolean): string => e.arranged(x, isTransposed ? swap : upTo(rank));
  const product = e.node(tensor, "MatMul", [operand(a, transposeA), operand(b, transposeB)], upTo(rank));
  return bias === undefined ? product : e.node(tensor, "Add", [product.name, e.constant(bias, [0])], upTo(rank));
};

/** Weights after flattened maps, with their inputs in another order. */
function flatWeights(
  e: Exporter,
  b: Tensor,
  wide: readonly number[],
  order: readonly number[],
  shape: readonly number[],
): string {
  const name = e.constant(b, order, wide);
  return e.graph.node("Reshape", [name, e.graph.integers(shape)]);
}

const productExports = { conv2d: convolution, conv2dInputGradient: transposed, matmul: matrixProduct };

/** Pooling whose windows may reach beyond the padding is written with all of it as padding. */
const pooling =
  (operator: string, attributes: Readonly<Record<string, Attribute>> = {}): Write =>
  (e, tensor) => {
    const { height, width } = (tensor.attributes as { readonly geometry: Pool2dGeometry }).geometry;
    return e.node(tensor, operator, [e.arranged(tensor.inputs[0]!, IMAGES)], IMAGES, {
      ...windowOf(height, width),
      ...attributes,
    });
  };

/** The sum under each window: the mean, times the number of taps. */
const sumPooling: Write = (e, tensor) => {
  const { height, width } = attributesOf<"sumPool2d">(tensor).geometry;
  if (height.dilation !== 1 || width.dilation !== 1)
    throw e.refusal(tensor, "with dilation has no counterpart in ONNX");
  const { dilations: _, ...window } = windowOf(height, width);
  const mean = e.graph.node(
    "AveragePool",
    [e.arranged(tensor.inputs[0]!, IMAGES)],
    { ...window, count_include_pad: 1 },
    e.nameOf(tensor),
  );
  return e.node(tensor, "Mul", [mean, e.graph.weights("taps", [], [height.window * width.window])], IMAGES);
};

const reduction =
  (operator: string): Write =>
  (e, tensor) => {
    const { axes } = attributesOf<"sum">(tensor);
    const x = tensor.inputs[0]!;
    if (axes.includes(0) && e.sizeOf(x, 0) === undefined) throw e.refusal(tensor, "over all examples would mix them");
    const { name, layout } = e.value(x);
    const places = axes.map((axis) => layout.indexOf(axis)).sort((a, b) => a - b);
    // Sums have their axes as an input since version 13, others since 18.
    if (operator === "ReduceSum" || e.plan.opset >= 18)
      return e.node(tensor, operator, [name, e.graph.integers(places)], layout, { keepdims: 1 });
    return e.node(tensor, operator, [name], layout, { axes: places, keepdims: 1 });
  };

const reshape: Write = (e, tensor) => {
  const x = tensor.inputs[0]!;
  const maps = flattenedMaps(e, tensor);
  if (maps !== undefined) return e.node(tensor, "Flatten", [e.value(maps).name], [0, 1], { axis: 1 });
  const value = e.value(x);
  const layout = keptLayout(x, value.layout, tensor);
  if (layout !== undefined)
    return e.node(tensor, "Reshape", [value.name, e.shapeOf(tensor, layout, x, value.layout)], layout);
  const own = upTo(x.rank);
  return e.node(
    tensor,
    "Reshape",
    [e.arranged(x, own), e.shapeOf(tensor, upTo(tensor.rank), x, own)],
    upTo(tensor.rank),
  );
};

/** The layout after axes of size 1 were added or removed, which moves nothing; `undefined` for another reshape. */
function keptLayout(x: Tensor, layout: readonly number[], y: Tensor): number[] | undefined {
  const large = (tensor: Tensor): number[] => upTo(tensor.rank).filter((axis) => tensor.shape[axis] !== 1);
  const [from, to] = [large(x), large(y)];
  if (
    !isSame(
      from.map((axis) => x.shape[axis]!),
      to.map((axis) => y.shape[axis]!),
    )
  )
    return undefined;
  const order = layout.filter((axis) => from.includes(axis)).map((axis) => to[from.indexOf(axis)]!);
  return [channelsFirst(y.rank), upTo(y.rank)].find((candidate) =>
    isSame(
      candidate.filter((axis) => to.includes(axis)),
      order,
    ),
  );
}

const transpose: Write = (e, tensor) => {
  const { order } = attributesOf<"transpose">(tensor);
  const { name, layout } = e.value(tensor.inputs[0]!);
  return { name, layout: layout.map((axis) => order.indexOf(axis)) };
};

const broadcast: Write = (e, tensor) => {
  const x = tensor.inputs[0]!;
  const own = upTo(x.rank);
  const offset = tensor.rank - x.rank;
  // Where the size is that of the batch, ONNX keeps that of the input.
  const sizes = upTo(tensor.rank).map((axis) => {
    const size = e.sizeOf(tensor, axis);
    if (size !== undefined) return size;
    if (axis >= offset && e.sizeOf(x, axis - offset) === undefined) return 1;
    throw e.refusal(tensor, "repeats a value for each example, which is not supported");
  });
  return e.node(tensor, "Expand", [e.arranged(x, own), e.graph.integers(sizes)], upTo(tensor.rank));
};

const slice: Write = (e, tensor) => {
  const { begin, step } = attributesOf<"slice">(tensor);
  const x = tensor.inputs[0]!;
  const { name, layout } = e.value(x);
  const axes = upTo(x.rank).filter((axis) => {
    const isWhole = begin[axis] === 0 && step[axis] === 1 && tensor.shape[axis] === x.shape[axis];
    if (!isWhole && e.sizeOf(tensor, axis) === undefined) throw e.refusal(tensor, "of the examples has no counterpart");
    return !isWhole;
  });
  if (axes.length === 0) return { name, layout };
  const ends = axes.map((axis) => {
    const end = begin[axis]! + step[axis]! * tensor.shape[axis]!;
    // Backwards to the beginning: an end below all places.
    return step[axis]! < 0 && end < 0 ? -x.shape[axis]! - 1 : end;
  });
  const lists = [
    axes.map((axis) => begin[axis]!),
    ends,
    axes.map((axis) => layout.indexOf(axis)),
    axes.map((axis) => step[axis]!),
  ];
  return e.node(tensor, "Slice", [name, ...lists.map((list) => e.graph.integers(list))], layout);
};

/** Zeros with the input laid in: padding, if the steps are 1. */
const place: Write = (e, tensor) => {
  const { begin, step } = attributesOf<"place">(tensor);
  const x = tensor.inputs[0]!;
  const { name, layout } = e.value(x);
  if (step.some((size, axis) => size !== 1 && x.shape[axis] !== 1))
    throw e.refusal(tensor, "with steps has no counterpart in ONNX");
  const after = upTo(x.rank).map((axis) => tensor.shape[axis]! - x.shape[axis]! - begin[axis]!);
  const pads = [...layout.map((axis) => begin[axis]!), ...layout.map((axis) => after[axis]!)];
  return e.node(tensor, "Pad", [name, e.graph.integers(pads)], layout);
};

const concat: Write = (e, tensor) => {
  const { axis } = attributesOf<"concat">(tensor);
  const first = tensor.inputs.find((x) => e.numbersOf(x) === undefined);
  const layout = first === undefined ? upTo(tensor.rank) : e.value(first).layout;
  return e.node(
    tensor,
    "Concat",
    tensor.inputs.map((x) => e.arranged(x, layout)),
    layout,
    { axis: layout.indexOf(axis) },
  );
};

const gather: Write = (e, tensor) => {
  const [x, indices] = tensor.inputs as readonly [Tensor, Tensor];
  const whole = e.graph.node("Cast", [e.arranged(indices, upTo(indices.rank))], { to: 7 });
  return e.node(tensor, "Gather", [e.arranged(x, upTo(x.rank)), whole], upTo(tensor.rank), { axis: 0 });
};

const argmax: Write = (e, tensor) => {
  const { axis } = attributesOf<"argmax">(tensor);
  const { name, layout } = e.value(tensor.inputs[0]!);
  const index = e.graph.node("ArgMax", [name], { axis: layout.indexOf(axis), keepdims: 1 });
  return e.node(tensor, "Cast", [index], layout, { to: 1 });
};

/** An operator along the last axis. */
const onRows =
  (operator: string): Write =>
  (e, tensor) => {
    const { name, layout } = e.value(tensor.inputs[0]!);
    return e.node(tensor, operator, [name], layout, { axis: layout.indexOf(tensor.rank - 1) });
  };

const moments: Write = (e, tensor) => {
  const { axes } = attributesOf<"moments">(tensor);
  const x = tensor.inputs[0]!;
  if (axes.includes(0)) throw e.refusal(tensor, "over all examples would mix them");
  const name = e.arranged(x, upTo(x.rank));
  const mean = reduceMean(e, name, axes);
  const centered = e.graph.node("Sub", [name, mean]);
  const variance = reduceMean(e, e.graph.node("Mul", [centered, centered]), axes);
  const zero = e.graph.integers([0]);
  const both = [mean, variance].map((part) => e.graph.node("Unsqueeze", [part, zero]));
  return e.node(tensor, "Concat", both, upTo(tensor.rank), { axis: 0 });
};

const reduceMean = (e: Exporter, name: string, axes: readonly number[]): string =>
  e.plan.opset >= 18
    ? e.graph.node("ReduceMean", [name, e.graph.integers(axes)], { keepdims: 1 })
    : e.graph.node("ReduceMean", [name], { axes, keepdims: 1 });

/** (x − mean) / √(variance + epsilon) · scale + shift */
const normalize: Write = (e, tensor) => {
  const { epsilon } = attributesOf<"normalize">(tensor);
  const [x, statistics, scale, shift] = tensor.inputs as readonly [Tensor, Tensor, Tensor, Tensor];
  const own = upTo(x.rank);
  const both = e.arranged(statistics, upTo(statistics.rank));
  const part = (i: number): string => e.graph.node("Gather", [both, e.graph.integers([i], true)], { axis: 0 });
  const deviation = e.graph.node("Sqrt", [e.graph.node("Add", [part(1), e.graph.weights("epsilon", [], [epsilon])])]);
  const y = e.graph.node("Div", [e.graph.node("Sub", [e.arranged(x, own), part(0)]), deviation]);
  const scaled = e.graph.node("Mul", [y, broadcastable(e, scale, own)]);
  return e.node(tensor, "Add", [scaled, broadcastable(e, shift, own)], own);
};

const resizing: Write = (e, tensor) => {
  const { height, width, mode, alignCorners } = attributesOf<"resize">(tensor);
  const nearest = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  const smooth = {
    coordinate_transformation_mode: alignCorners ? "align_corners" : "half_pixel",
    cubic_coeff_a: { float: -0.75 },
  };
  const [own, other] = [tensor.inputs[0]!.shape, [height, width]];
  // Sizes would name the number of examples, so the scales are given.
  const scales = e.graph.weights("scales", [4], [1, 1, other[0]! / own[1]!, other[1]! / own[2]!]);
  const attributes =
    mode === "nearest" ? { mode, ...nearest } : { mode: mode === "bilinear" ? "linear" : "cubic", ...smooth };
  return e.node(tensor, "Resize", [e.arranged(tensor.inputs[0]!, IMAGES), "", scales], IMAGES, attributes);
};

const lpPooling: Write = (e, tensor) => {
  const { p, geometry } = attributesOf<"lpPool2d">(tensor);
  const isPlain = [geometry.height, geometry.width].every(({ dilation }) => dilation === 1) && Number.isInteger(p);
  if (!isPlain) throw e.refusal(tensor, "with this exponent or dilation has no counterpart in ONNX");
  const { dilations: _, ...window } = windowOf(geometry.height, geometry.width);
  return e.node(tensor, "LpPool", [e.arranged(tensor.inputs[0]!, IMAGES)], IMAGES, { ...window, p });
};

/** Operations that only gradients, updates of optimizers and random numbers record; a prediction has none of them. */
const none = undefined;

/** What is written for each operation that a model records; `undefined` for those that ONNX cannot say. */
export const operationExports: Readonly<Record<keyof (Primitives & Composites), Write | undefined>> = {
  negate: elementwise("Neg"),
  absolute: elementwise("Abs"),
  sign: elementwise("Sign"),
  floor: elementwise("Floor"),
  exp: elementwise("Exp"),
  expm1: withOne("Exp", false),
  log: elementwise("Log"),
  log1p: withOne("Log", true),
  sqrt: elementwise("Sqrt"),
  reciprocal: elementwise("Reciprocal"),
  sin: elementwise("Sin"),
  cos: elementwise("Cos"),
  tanh: elementwise("Tanh"),
  erf: elementwise("Erf"),
  sigmoid: elementwise("Sigmoid"),
  relu: elementwise("Relu"),
  copy: elementwise("Identity"),
  add: sumWithBias,
  subtract: elementwise("Sub"),
  multiply: elementwise("Mul"),
  divide: elementwise("Div"),
  power: elementwise("Pow"),
  maximum: elementwise("Max"),
  minimum: elementwise("Min"),
  equal: elementwise("Equal", asNumber),
  greater: elementwise("Greater", asNumber),
  greaterEqual: elementwise("GreaterOrEqual", asNumber),
  where: condition,
  sum: reduction("ReduceSum"),
  max: reduction("ReduceMax"),
  argmax,
  reshape,
  broadcast,
  transpose,
  slice,
  place,
  concat,
  gather,
  matmul: (e, tensor) => matrixProduct(e, tensor),
  conv2d: (e, tensor) => convolution(e, tensor),
  conv2dInputGradient: (e, tensor) => transposed(e, tensor),
  maxPool2d: pooling("MaxPool"),
  sumPool2d: sumPooling,
  lpPool2d: lpPooling,
  softmax: onRows("Softmax"),
  logSoftmax: onRows("LogSoftmax"),
  softplus: elementwise("Softplus"),
  moments,
  normalize,
  resize: resizing,
  scatter: none,
  randomUniform: none,
  conv2dFilterGradient: none,
  maxPool2dGradient: none,
  maxPool2dSelect: none,
  sumPool2dGradient: none,
  normalizeSums: none,
  normalizeGradient: none,
  movingAverage: none,
  momentumStep: none,
  sgdStep: none,
  adamStep: none,
  softmaxGradient: none,
  logSoftmaxGradient: none,
  softmaxCrossEntropy: none,
  softmaxCrossEntropyGradient: none,
  sigmoidCrossEntropy: none,
  lpPool2dGradient: none,
  resizeGradient: none,
};
