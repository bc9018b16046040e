// ConvNetJS: plain JavaScript with float64 numbers, one image at a time.
import { createRequire } from "node:module";
import { Absent, serve } from "../contest/serve.mjs";
import { outputShape } from "./layout.mjs";

const require = createRequire(import.meta.url);
const convnetjs = require("convnetjs");
const STEPS = 5;

/** Images as volumes, in the same layout as in Convlens. */
function volumes({ values, shape: [n, height, width, channels] }) {
  const size = height * width * channels;
  return Array.from({ length: n }, (_, i) => {
    const volume = new convnetjs.Vol(width, height, channels, 0);
    volume.w.set(values.subarray(i * size, (i + 1) * size));
    return volume;
  });
}
/** Each filter or neuron is a volume. */
const setFilters = (layer, weights, biases) => {
  const units = layer.filters.length;
  layer.filters.forEach(({ w }, unit) => {
    for (let i = 0; i < w.length; i++) w[i] = weights[i * units + unit];
  });
  layer.biases.w.set(biases ?? new Float32Array(units));
};

function convolution(work) {
  const { x, w } = work.tensors;
  if (work.groups > 1) throw new Absent("has no groups");
  const [, height, width, channels] = x.shape;
  const [size, , , filters] = w.shape;
  const layer = new convnetjs.ConvLayer({
    ...{ in_sx: width, in_sy: height, in_depth: channels },
    ...{ sx: size, filters, stride: work.stride, pad: work.pad },
  });
  setFilters(layer, w.values);
  const images = volumes(x);
  return {
    run: () => images.forEach((image) => layer.forward(image, false)),
    result: () => {
      const [n, oh, ow] = outputShape(work);
      const result = new Float32Array(n * oh * ow * filters);
      images.forEach((image, i) => result.set(layer.forward(image, false).w, i * oh * ow * filters));
      return result;
    },
  };
}

const definitions = {
  conv: ({ filters, size, stride, pad, relu }) => ({
    ...{ type: "conv", sx: size, filters, stride, pad },
    activation: relu ? "relu" : undefined,
  }),
  maxPool: ({ size, stride }) => ({ type: "pool", sx: size, stride }),
  dense: ({ units, relu }, isLast) =>
    isLast
      ? { type: "softmax", num_classes: units }
      : { type: "fc", num_neurons: units, activation: relu ? "relu" : undefined },
};

function netOf({ steps, tensors }) {
  if (steps.some(({ op, groups }) => groups > 1 || op === "addRelu" || op === "mean"))
    throw new Absent("has neither groups nor sums of maps");
  const net = new convnetjs.Net();
  const [, height, width, depth] = tensors.x.shape;
  net.makeLayers([
    { type: "input", out_sx: width, out_sy: height, out_depth: depth },
    ...steps
      .filter(({ op }) => op !== "flatten")
      .map((step) => {
        const units = tensors[step.b]?.shape[0];
        return definitions[step.op]({ ...step, filters: units, units }, step === steps.at(-1));
      }),
  ]);
  const weighted = steps.filter(({ w }) => w !== undefined);
  const setWeights = () =>
    net.layers
      .filter(({ filters }) => filters !== undefined)
      .forEach((layer, i) => setFilters(layer, tensors[weighted[i].w].values, tensors[weighted[i].b].values));
  setWeights();
  return { net, setWeights };
}

function infer(work) {
  const { net } = netOf(work);
  const images = volumes(work.tensors.x);
  // The last layer turns logits into probabilities.
  const logits = (image) => {
    net.forward(image, false);
    return net.layers.at(-2).out_act.w;
  };
  return {
    run: () => images.forEach(logits),
    result: () => Float32Array.from(images.flatMap((image) => [...logits(image)])),
  };
}

function train(work) {
  const { net, setWeights } = netOf(work);
  const images = volumes(work.tensors.x);
  const { values: labels } = work.tensors.labels;
  let trainer;
  const reset = () => {
    setWeights();
    const options = { method: "sgd", learning_rate: work.rate, momentum: work.momentum, batch_size: images.length };
    trainer = new convnetjs.Trainer(net, options);
  };
  const run = () =>
    images.reduce((sum, image, i) => sum + trainer.train(image, labels[i]).cost_loss, 0) / images.length;
  return {
    run,
    reset,
    result: () => {
      reset();
      return Float32Array.from({ length: STEPS }, run);
    },
  };
}

const kinds = { conv2d: convolution, infer, train };
await serve({
  about: { version: require("convnetjs/package.json").version },
  prepare: (work) => {
    if (kinds[work.kind] === undefined) throw new Absent("has no product of matrices");
    return kinds[work.kind](work);
  },
});
