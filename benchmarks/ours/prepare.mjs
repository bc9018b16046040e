// Prepares workloads on the current backend of Convlens.
import { predict } from "@convlens/layers";
import { compile, conv2d, gradients, matmul, tensor, Variable } from "@convlens/tensor";
import { layers } from "./layers.mjs";
import { Net } from "./net.mjs";
import { trainingOf } from "./training.mjs";

/** Number of first steps whose losses are compared. */
const STEPS = 5;

/** A computation from variables to variables, so that a call copies nothing. */
async function kernel({ tensors }, make) {
  const inputs = Object.fromEntries(
    Object.entries(tensors).map(([name, { values, shape }]) => [name, new Variable(values, shape, { name })]),
  );
  let outputs = [];
  const run = compile(() => {
    const results = make(inputs);
    outputs = results.map(({ size, shape }) => new Variable(() => new Float32Array(size), shape, { name: "result" }));
    results.forEach((y, i) => outputs[i].assign(y));
  });
  await run();
  const all = [...Object.values(inputs), ...outputs];
  return {
    run: () => run(),
    result: () => outputs[0].data(),
    release: () => {
      run.dispose();
      for (const variable of all) variable.dispose();
    },
    // Bytes that must be read and written at least.
    bytes: all.reduce((sum, { size }) => sum + 4 * size, 0),
  };
}

const convolved = ({ x, w }, { pad, stride, groups }) =>
  conv2d(x, w, { padding: pad, stride, groups, geometry: "floor" });
const gradientsOf = (names) => (work) =>
  kernel(work, (v) =>
    gradients(
      convolved(v, work),
      names.map((name) => v[name]),
      { seed: v.dy },
    ),
  );

/** From images in an array to outputs in an array. */
function infer({ steps, tensors }) {
  const net = new Net(steps, tensors);
  const { values, shape } = tensors.x;
  return {
    run: () => predict(net, tensor(values, shape)),
    result: async () => (await predict(net, tensor(values, shape))).knownValues,
    release: () => Object.values(net.weights).forEach((weight) => weight.dispose()),
  };
}

/** A step of `fit`, from images and labels in arrays to the loss as a number. */
function train({ steps, tensors, rate, momentum }) {
  const net = new Net(steps, tensors);
  const { learned, velocities, step } = trainingOf(net, { momentum });
  const run = async () => {
    const x = tensor(tensors.x.values, tensors.x.shape);
    const labels = tensor(tensors.labels.values, tensors.labels.shape);
    return (await step(x, labels, rate)).loss.knownValue;
  };
  const reset = () => {
    for (const [name, weight] of Object.entries(net.weights)) weight.write(tensors[name].values);
    for (const velocity of velocities.values()) velocity.write(new Float32Array(velocity.size));
  };
  return {
    run,
    reset,
    result: async () => {
      reset();
      const losses = [];
      for (let i = 0; i < STEPS; i++) losses.push(await run());
      return Float32Array.from(losses);
    },
    release: () => {
      step.dispose();
      for (const variable of [...learned.values(), ...velocities.values()]) variable.dispose();
    },
  };
}

/** Products that depend on each other. */
const launches = ({ a, b }) => [Array.from({ length: 100 }).reduce((y) => matmul(y, b), a)];

const kinds = {
  launches: (work) => kernel(work, launches),
  matmul: (work) => kernel(work, ({ a, b }) => [matmul(a, b)]),
  conv2d: (work) => kernel(work, (v) => [convolved(v, work)]),
  conv2dInput: gradientsOf(["x"]),
  conv2dFilters: gradientsOf(["w"]),
  conv2dGradients: gradientsOf(["x", "w"]),
  layer: (work) => kernel(work, layers[work.layer].make),
  infer,
  train,
};

/** Returns `run` (one call), `result` (its numbers; in training the losses of the first steps), `release`, and optionally `reset`. */
export const prepare = (work) => kinds[work.kind](work);
