// Workloads of all contestants: products of matrices, convolutions and networks, as plain data: `name`, `title`, `kind`, `flop` of a
// call (of the direct algorithm; a multiplication and an addition count as two), `images` of a call, and `tensors` by shape.
import { lenet, mobileNet, resnet18, vggSmall } from "./nets.mjs";

const gemm = (n) => ({
  name: `gemm-${n}`,
  title: `matmul ${n} × ${n} × ${n}`,
  kind: "matmul",
  flop: 2 * n ** 3,
  tensors: { a: { shape: [n, n] }, b: { shape: [n, n], deviation: 1 / Math.sqrt(n) } },
});

/** A convolution of a square image with square filters. `kind` may also be one of its gradients, which read `dy`. */
export function convolution(name, [n, size, channels], [kernel, filters], options = {}) {
  const { pad = (kernel - 1) / 2, stride = 1, groups = 1, kind = "conv2d" } = options;
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const depth = channels / groups;
  const what = `${n} × ${size} × ${size} × ${channels}, ${kernel} × ${kernel} → ${filters}${groups > 1 ? ", depthwise" : ""}`;
  const flop = 2 * n * out * out * filters * kernel * kernel * depth;
  return {
    name,
    title:
      { conv2d: "conv ", conv2dInput: "dx of ", conv2dFilters: "dw of ", conv2dGradients: "dx, dw of " }[kind] + what,
    kind,
    flop: kind === "conv2dGradients" ? 2 * flop : flop,
    pad,
    stride,
    groups,
    tensors: {
      x: { shape: [n, size, size, channels] },
      w: { shape: [kernel, kernel, depth, filters], deviation: 1 / Math.sqrt(kernel * kernel * depth) },
      ...(kind !== "conv2d" && { dy: { shape: [n, out, out, filters] } }),
    },
  };
}

/** Five convolutions that represent the common kinds. */
export const kinds = {
  "conv-a": [[1, 28, 1], [5, 12], { pad: 0 }],
  "conv-b": [
    [32, 32, 3],
    [5, 12],
  ],
  "conv-c": [
    [8, 56, 64],
    [3, 64],
  ],
  "conv-d": [[1, 112, 32], [3, 32], { groups: 32 }],
  "conv-e": [
    [8, 14, 256],
    [1, 512],
  ],
};

const ofNet = (kind, name, title, net, batch) => ({
  name: `${kind}-${name}-b${batch}`,
  title: `${kind} ${title}, ${batch === 1 ? "one image" : `batch ${batch}`}`,
  kind,
  images: batch,
  // Backward counts twice forward, even for the first layer, whose input needs no gradient.
  flop: net.flop * batch * (kind === "train" ? 3 : 1),
  steps: net.steps,
  ...(kind === "train" && { rate: 0.01, momentum: 0.9 }),
  tensors: {
    x: { shape: [batch, ...net.input] },
    ...(kind === "train" && { labels: { shape: [batch], classes: net.classes } }),
    ...net.weights,
  },
});

/** The workloads of every contestant. */
export const works = () => [
  ...[256, 512, 1024].map(gemm),
  ...Object.entries(kinds).map(([name, rest]) => convolution(name, ...rest)),
  ofNet("train", "lenet", "LeNet", lenet(), 64),
  ofNet("train", "vgg", "VGG-small", vggSmall(), 32),
  ofNet("infer", "lenet", "LeNet", lenet(), 1),
  ofNet("infer", "lenet", "LeNet", lenet(), 256),
  ofNet("infer", "vgg", "VGG-small", vggSmall(), 1),
  ofNet("infer", "vgg", "VGG-small", vggSmall(), 32),
  ofNet("infer", "mobilenet", "MobileNet V1 at 224", mobileNet(), 1),
  ofNet("infer", "resnet18", "ResNet-18 at 224", resnet18(), 1),
];
