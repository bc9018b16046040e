// TensorFlow.js on its WebAssembly backend (XNNPACK). Inputs and weights lie there before; a kernel's result stays there, a net's
// is read.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { Absent, serve } from "../contest/serve.mjs";

await tf.setBackend("wasm");

const activation = ({ relu }) => (relu ? "relu" : "linear");
const operations = {
  conv: ({ x, filter, bias, stride, pad, groups, ...step }) =>
    (groups === 1 ? tf.fused.conv2d : tf.fused.depthwiseConv2d)({
      ...{ x, filter, bias, pad },
      strides: stride,
      activation: activation(step),
      dimRoundingMode: "floor",
    }),
  maxPool: ({ x, size, stride, pad }) => tf.maxPool(x, size, stride, pad, "floor"),
  addRelu: ({ x, y }) => tf.relu(tf.add(x, y)),
  mean: ({ x }) => tf.mean(x, [1, 2]),
  flatten: ({ x }) => tf.reshape(x, [x.shape[0], -1]),
  dense: ({ x, filter, bias, ...step }) => tf.fused.matMul({ a: x, b: filter, bias, activation: activation(step) }),
};

/** Filters of a depthwise convolution have their channels before their multiplier. */
const resident = ({ tensors, steps = [], groups }) => {
  const depthwise = new Set(steps.filter((step) => step.groups > 1).map(({ w }) => w));
  if (groups > 1) depthwise.add("w");
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { values, shape }]) => {
      const [kh, kw, , channels] = shape;
      return [name, tf.tensor(values, depthwise.has(name) ? [kh, kw, channels, 1] : shape)];
    }),
  );
};

const kinds = {
  matmul:
    (_, { a, b }) =>
    () =>
      tf.matMul(a, b),
  conv2d:
    ({ stride, pad, groups }, { x, w }) =>
    () =>
      groups === 1
        ? tf.conv2d(x, w, stride, pad, "NHWC", 1, "floor")
        : tf.depthwiseConv2d(x, w, stride, pad, "NHWC", 1, "floor"),
  infer:
    ({ steps }, weights) =>
    () => {
      const values = { x: weights.x };
      let last;
      for (const { op, x, y, w, b, to, ...step } of steps)
        last = values[to] = operations[op]({
          ...step,
          x: values[x],
          y: values[y],
          filter: weights[w],
          bias: weights[b],
        });
      return last;
    },
};

function prepare(work) {
  if (kinds[work.kind] === undefined)
    throw new Absent("cannot train: the gradient of filters has no kernel on the wasm backend");
  const weights = resident(work);
  const compute = kinds[work.kind](work, weights);
  const isNet = work.kind === "infer";
  return {
    run: () => {
      const y = tf.tidy(compute);
      if (isNet) y.dataSync();
      y.dispose();
    },
    result: () => tf.tidy(() => Float32Array.from(compute().dataSync())),
    release: () => tf.dispose(weights),
  };
}

await serve({ about: { version: tf.version_core }, prepare });
