// jax-js: kernels generated at run time, on its WebAssembly backend, compiled by its jit.
import { readFileSync } from "node:fs";
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { Absent, serve } from "../contest/serve.mjs";
import {
  filterShapeFirst,
  outputShape,
  shapeFirst,
  toChannelsFirst,
  toChannelsLast,
  toFiltersFirst,
  weightsFirst,
} from "./layout.mjs";

await init("wasm");
defaultDevice("wasm");
const STEPS = 5;

// A function consumes its arguments; `.ref` keeps one for another use.
const arrayOf = (values, shape) => np.array(values).reshape(shape);
const both = (n) => [n, n];
const pads = (pad) => [both(pad), both(pad)];
const convolved = (x, w, { stride, pad, groups }) =>
  lax.convGeneralDilated(x, w, both(stride), pads(pad), { featureGroupCount: groups });
const withRelu = (y, { relu }) => (relu ? nn.relu(y) : y);
const operations = {
  conv: ({ x, w, b }, step) => withRelu(convolved(x, w, step).add(b.reshape([1, -1, 1, 1])), step),
  maxPool: ({ x }, { size, stride, pad }) => {
    if (pad > 0) throw new Absent("its pooling has no padding");
    return lax.reduceWindow(x, np.max, both(size), both(stride));
  },
  addRelu: ({ x, y }) => nn.relu(x.add(y)),
  mean: ({ x }) => np.mean(x, [2, 3]),
  flatten: ({ x }) => x.reshape([x.shape[0], -1]),
  dense: ({ x, w, b }, step) => withRelu(np.matmul(x, w).add(b), step),
};

/** FLOP that take it seconds. Larger workloads are skipped. */
const MOST = 1e9;

/** Records a network without branches: every value is used once. */
function netOf({ steps, flop }) {
  if (flop > MOST) throw new Absent("left out, since a call takes many seconds");
  return (weights, input) =>
    steps.reduce((x, { op, w, b, ...step }) => operations[op]({ x, w: weights[w], b: weights[b] }, step), input);
}
const residentWeights = (work) =>
  Object.fromEntries(
    Object.entries(weightsFirst(work)).map(([name, { values, shape }]) => [name, arrayOf(values, shape)]),
  );
const residentImages = ({ tensors: { x } }) => arrayOf(toChannelsFirst(x.values, x.shape), shapeFirst(x.shape));

function matmul({ tensors: { a, b } }) {
  const [p, q] = [a, b].map(({ values, shape }) => arrayOf(values, shape));
  const product = jit((x, y) => np.matmul(x, y));
  const compute = () => product(p.ref, q.ref);
  return {
    run: async () => (await blockUntilReady(compute())).dispose(),
    result: async () => Float32Array.from(await compute().data()),
    release: () => [p, q].forEach((each) => each.dispose()),
  };
}

function conv2d(work) {
  const { w } = work.tensors;
  const x = residentImages(work);
  const filters = arrayOf(toFiltersFirst(w.values, w.shape), filterShapeFirst(w.shape));
  const convolution = jit((image, weights) => convolved(image, weights, work));
  const compute = () => convolution(x.ref, filters.ref);
  return {
    run: async () => (await blockUntilReady(compute())).dispose(),
    result: async () => toChannelsLast(await compute().data(), outputShape(work)),
    release: () => [x, filters].forEach((each) => each.dispose()),
  };
}

function infer(work) {
  const call = jit(netOf(work));
  const weights = residentWeights(work);
  const x = residentImages(work);
  const run = () => call(tree.ref(weights), x.ref).data();
  return { run, result: async () => Float32Array.from(await run()), release: () => tree.dispose([weights, x]) };
}

function train(work) {
  const net = netOf(work);
  const { values, shape } = work.tensors.labels;
  const classes = work.tensors[work.steps.at(-1).b].shape[0];
  const rows = new Float32Array(shape[0] * classes);
  values.forEach((label, i) => (rows[i * classes + label] = 1));
  const [x, targets] = [residentImages(work), arrayOf(rows, [shape[0], classes])];
  const lossOf = (weights, images, wanted) =>
    nn
      .logSoftmax(net(weights, images), -1)
      .mul(wanted)
      .sum()
      .mul(-1 / shape[0]);
  const step = jit((weights, velocities, images, wanted) => {
    const [loss, slopes] = valueAndGrad(lossOf)(tree.ref(weights), images, wanted);
    const moved = tree.map((v, g) => v.mul(work.momentum).add(g), velocities, slopes);
    return [loss, tree.map((p, v) => p.sub(v.mul(work.rate)), weights, tree.ref(moved)), moved];
  });
  let state;
  const reset = () => {
    if (state !== undefined) tree.dispose(state);
    const weights = residentWeights(work);
    state = [weights, tree.map((p) => np.zerosLike(p), tree.ref(weights))];
  };
  const run = async () => {
    const [loss, ...next] = step(...state, x.ref, targets.ref);
    state = next;
    return (await loss.data())[0];
  };
  reset();
  return {
    run,
    reset,
    result: async () => {
      reset();
      const losses = [];
      for (let i = 0; i < STEPS; i++) losses.push(await run());
      return Float32Array.from(losses);
    },
    release: () => tree.dispose([state, x, targets]),
  };
}

const { version } = JSON.parse(readFileSync(new URL("node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"));
const kinds = { matmul, conv2d, infer, train };
await serve({ about: { version }, prepare: (work) => kinds[work.kind](work) });
