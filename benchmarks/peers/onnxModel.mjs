// Workloads as ONNX models. A model is a protocol buffer, of which few fields are needed; their numbers are those of onnx.proto
// (github.com/onnx/onnx).
import { filterShapeFirst, outputShape, shapeFirst, toFiltersFirst, weightsFirst } from "./layout.mjs";

const [VARINT, BYTES] = [0, 2];
/** A whole number, seven bits per byte, the lowest first. */
const varint = (n) => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const int = (field, n) => Buffer.from([...varint(field * 8 + VARINT), ...varint(n)]);
const bytes = (field, content) =>
  Buffer.concat([Buffer.from([...varint(field * 8 + BYTES), ...varint(content.length)]), content]);
const text = (field, s) => bytes(field, Buffer.from(s));
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

const FLOAT = 1;
const [ATTRIBUTE_INT, ATTRIBUTE_INTS] = [2, 7];
/** An attribute: a number or a list of numbers. */
const attribute = ([name, value]) =>
  Array.isArray(value)
    ? message(5, text(1, name), ...value.map((n) => int(8, n)), int(20, ATTRIBUTE_INTS))
    : message(5, text(1, name), int(3, value), int(20, ATTRIBUTE_INT));
const node = (type, inputs, output, attributes = {}) =>
  message(
    1,
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(4, type),
    ...Object.entries(attributes).map(attribute),
  );
const initializer = (name, { shape, values }) =>
  message(
    5,
    ...shape.map((n) => int(1, n)),
    int(2, FLOAT),
    text(8, name),
    bytes(9, Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  );
const valueInfo = (field, name, shape) =>
  message(
    field,
    text(1, name),
    message(2, message(1, int(1, FLOAT), message(2, ...shape.map((n) => message(1, int(1, n)))))),
  );

function model(nodes, weights, inputs, output) {
  const graph = [
    ...nodes,
    text(2, "work"),
    ...Object.entries(weights).map(([name, tensor]) => initializer(name, tensor)),
    ...Object.entries(inputs).map(([name, shape]) => valueInfo(11, name, shape)),
    valueInfo(12, "y", output),
  ];
  const [IR_VERSION, OPERATOR_SET] = [8, 17];
  return Buffer.concat([int(1, IR_VERSION), message(7, ...graph), message(8, text(1, ""), int(2, OPERATOR_SET))]);
}

const sides = (pad) => [pad, pad, pad, pad];
const operations = {
  conv: ({ x, w, b, size, stride, pad, groups }, to) =>
    node("Conv", [x, w, b], to, {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: sides(pad),
      group: groups,
    }),
  maxPool: ({ x, size, stride, pad }, to) =>
    node("MaxPool", [x], to, { kernel_shape: [size, size], strides: [stride, stride], pads: sides(pad) }),
  addRelu: ({ x, y }, to) => node("Add", [x, y], to),
  mean: ({ x }, to) =>
    Buffer.concat([node("GlobalAveragePool", [x], `${to}-maps`), node("Flatten", [`${to}-maps`], to)]),
  flatten: ({ x }, to) => node("Flatten", [x], to),
  dense: ({ x, w, b }, to) => node("Gemm", [x, w, b], to),
};

function netModel(work) {
  const { steps, tensors } = work;
  const last = steps.at(-1);
  const nodes = steps.flatMap((step) => {
    const to = step === last ? "y" : step.to;
    const hasRelu = step.relu === true || step.op === "addRelu";
    if (!hasRelu) return [operations[step.op](step, to)];
    return [operations[step.op](step, `${to}-before`), node("Relu", [`${to}-before`], to)];
  });
  const { shape } = tensors.x;
  return model(nodes, weightsFirst(work), { x: shapeFirst(shape) }, [shape[0], tensors[last.b].shape[0]]);
}

function convModel(work) {
  const { w, x } = work.tensors;
  const { pad, stride, groups } = work;
  const [kh, kw] = w.shape;
  const weights = { w: { shape: filterShapeFirst(w.shape), values: toFiltersFirst(w.values, w.shape) } };
  const attributes = { kernel_shape: [kh, kw], strides: [stride, stride], pads: sides(pad), group: groups };
  const output = shapeFirst(outputShape(work));
  return model([node("Conv", ["x", "w"], "y", attributes)], weights, { x: shapeFirst(x.shape) }, output);
}

/** The second factor is an input: a constant could be packed in advance, which no other contestant may do. */
function matmulModel({ tensors: { a, b } }) {
  const output = [a.shape[0], b.shape[1]];
  return model([node("MatMul", ["a", "b"], "y")], {}, { a: a.shape, b: b.shape }, output);
}

/** By kind of workload, without training. */
export const onnxModels = { matmul: matmulModel, conv2d: convModel, infer: netModel };
