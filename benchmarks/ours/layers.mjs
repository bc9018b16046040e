// Layers, forward and with gradients, as functions of variables.
import { BatchNorm, LayerNorm, apply } from "@convlens/layers";
import { resnet18 } from "@convlens/layers/models";
import * as t from "@convlens/tensor";

/** Activations of the first layer of a small network: 4 MiB. */
const maps = [32, 32, 32, 32];
const gradientsOf = (y, xs, dy) => t.gradients(y, xs, { seed: dy });
const elementwise = (title, f) => ({
  title: `${title} of 4 MiB`,
  tensors: { x: { shape: maps } },
  make: ({ x }) => [f(x)],
});

/** By name: `title`, `tensors`, and `make`, which records the workload. */
export const layers = {
  add: {
    title: "sum of two maps of 4 MiB",
    tensors: { x: { shape: maps }, y: { shape: maps } },
    make: ({ x, y }) => [t.add(x, y)],
  },
  relu: elementwise("relu", t.relu),
  exp: elementwise("exp", t.exp),
  tanh: elementwise("tanh", t.tanh),
  gelu: elementwise("gelu", t.gelu),
  dropout: elementwise("dropout", (x) => t.dropout(x, 0.5)),
  chain: elementwise("tanh(x · 2 + 1) · x", (x) => t.multiply(t.tanh(t.add(t.multiply(x, 2), 1)), x)),
  "max-pool": {
    title: "max pooling 2 × 2 of 4 MiB",
    tensors: { x: { shape: maps } },
    make: ({ x }) => [t.maxPool2d(x, { kernelSize: 2 })],
  },
  "max-pool-gradients": {
    title: "max pooling 2 × 2 of 4 MiB with its gradient",
    tensors: { x: { shape: maps }, dy: { shape: [32, 16, 16, 32] } },
    make: ({ x, dy }) => {
      const y = t.maxPool2d(x, { kernelSize: 2 });
      return [y, ...gradientsOf(y, [x], dy)];
    },
  },
  "average-pool": {
    title: "average pooling 2 × 2 of 4 MiB",
    tensors: { x: { shape: maps } },
    make: ({ x }) => [t.averagePool2d(x, { kernelSize: 2 })],
  },
  "batch-norm": {
    title: "batch normalisation of 4 MiB, outside of training",
    tensors: { x: { shape: maps } },
    make: ({ x }) => [apply(new BatchNorm(), x)],
  },
  "batch-norm-training": {
    title: "batch normalisation of 4 MiB in training, with gradients",
    tensors: { x: { shape: maps }, dy: { shape: maps } },
    make: ({ x, dy }) => {
      const layer = new BatchNorm();
      const y = apply(layer, x, { training: true });
      return [y, ...gradientsOf(y, [x, layer.scale, layer.shift], dy)];
    },
  },
  "layer-norm-training": {
    title: "layer normalisation of [256, 512] with gradients",
    tensors: { x: { shape: [256, 512] }, dy: { shape: [256, 512] } },
    make: ({ x, dy }) => {
      const layer = new LayerNorm();
      const y = apply(layer, x, { training: true });
      return [y, ...gradientsOf(y, [x, layer.scale, layer.shift], dy)];
    },
  },
  "sum-of-maps": {
    title: "sum over batch, height and width of 4 MiB",
    tensors: { x: { shape: maps } },
    make: ({ x }) => [t.sum(x, [0, 1, 2])],
  },
  transpose: {
    title: "channels last to channels first, 4 MiB",
    tensors: { x: { shape: maps } },
    make: ({ x }) => [t.transpose(x, [0, 3, 1, 2])],
  },
  "conv-bias-relu": {
    title: "conv 32 × 32 × 32 × 32, 3 × 3 → 32, bias, relu",
    flop: 2 * 32 * 32 * 32 * 32 * 9 * 32,
    tensors: { x: { shape: maps }, w: { shape: [3, 3, 32, 32], deviation: 0.06 }, b: { shape: [32] } },
    make: ({ x, w, b }) => [t.relu(t.add(t.conv2d(x, w, { padding: "same" }), b))],
  },
  "first-conv": {
    title: "conv 1 × 224 × 224 × 3, 7 × 7, stride 2 → 64",
    flop: 2 * 112 * 112 * 64 * 49 * 3,
    tensors: { x: { shape: [1, 224, 224, 3] }, w: { shape: [7, 7, 3, 64], deviation: 0.1 } },
    make: ({ x, w }) => [t.conv2d(x, w, { stride: 2, padding: 3, geometry: "floor" })],
  },
  "strided-conv": {
    title: "conv 1 × 56 × 56 × 64, 3 × 3, stride 2 → 128",
    flop: 2 * 28 * 28 * 128 * 9 * 64,
    tensors: { x: { shape: [1, 56, 56, 64] }, w: { shape: [3, 3, 64, 128], deviation: 0.05 } },
    make: ({ x, w }) => [t.conv2d(x, w, { stride: 2, padding: 1, geometry: "floor" })],
  },
  dense: {
    title: "dense 32 × 2048 → 128",
    flop: 2 * 32 * 2048 * 128,
    tensors: { x: { shape: [32, 2048] }, w: { shape: [2048, 128], deviation: 0.02 }, b: { shape: [128] } },
    make: ({ x, w, b }) => [t.add(t.matmul(x, w), b)],
  },
  "dense-one": {
    title: "dense 1 × 2048 → 128",
    flop: 2 * 2048 * 128,
    tensors: { x: { shape: [1, 2048] }, w: { shape: [2048, 128], deviation: 0.02 }, b: { shape: [128] } },
    make: ({ x, w, b }) => [t.add(t.matmul(x, w), b)],
  },
  "dense-gradients": {
    title: "gradients of dense 32 × 2048 → 128",
    flop: 4 * 32 * 2048 * 128,
    tensors: { x: { shape: [32, 2048] }, w: { shape: [2048, 128], deviation: 0.02 }, dy: { shape: [32, 128] } },
    make: ({ x, w, dy }) => gradientsOf(t.matmul(x, w), [x, w], dy),
  },
  "cross-entropy": {
    title: "softmax, cross-entropy and gradient of [64, 1000]",
    tensors: { x: { shape: [64, 1000] }, labels: { shape: [64], classes: 1000 } },
    make: ({ x, labels }) => {
      const loss = t.mean(t.softmaxCrossEntropy(x, t.oneHot(labels, 1000)));
      return [loss, ...t.gradients(loss, [x])];
    },
  },
  momentum: {
    title: "SGD with momentum of 402,528 weights",
    tensors: { p: { shape: [402528] }, v: { shape: [402528] }, g: { shape: [402528] } },
    make: ({ p, v, g }) => {
      v.assign(t.momentumStep(v, g, 0.9));
      p.assign(t.sgdStep(p, v, 0.01));
      return [];
    },
  },
  resize: {
    title: "bilinear resizing 8 × 56 × 56 × 3 → 112 × 112",
    tensors: { x: { shape: [8, 56, 56, 3] } },
    make: ({ x }) => [t.resize(x, { height: 112, width: 112 })],
  },
  "resnet18-normalised": {
    title: "infer ResNet-18 at 224, not folded, one image",
    flop: 3628146688,
    images: 1,
    tensors: { x: { shape: [1, 224, 224, 3] } },
    make: ({ x }) => [apply(resnet18(), x)],
  },
};
