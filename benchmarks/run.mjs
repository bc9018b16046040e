// How fast it is and how much memory it plans, measured on this machine in one run: `pnpm bench`. Absolute figures hold nowhere
// else. Each time is the best and the median of many.
import { planMemory } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import {
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Flatten,
  MaxPool2d,
  parameters,
  predict,
  Relu,
  sequential,
} from "@convlens/layers";
import { convNetJsMnist, lenet5 } from "@convlens/layers/models";
import { add, compile, conv2d, full, gradients, matmul, tensor, useBackend, zeros } from "@convlens/tensor";
import { adam, crossEntropy, sgd, trainStep } from "@convlens/training";

/** Runs it for about a second; gives best and median in seconds. */
async function time(work, { seconds = 1, least = 5 } = {}) {
  await work();
  const times = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < least || performance.now() < end) {
    const began = performance.now();
    await work();
    times.push((performance.now() - began) / 1000);
  }
  times.sort((a, b) => a - b);
  return { best: times[0], median: times[times.length >> 1] };
}
const row = (what, unit, { best, median }, figure) =>
  console.log(`${what.padEnd(64)} best ${figure(best).padStart(9)}  median ${figure(median).padStart(9)} ${unit}`);

/** A backend that computes nothing: what is left is our own overhead. */
const nothing = () => ({
  name: "nothing",
  precision: "float32",
  supports: () => false,
  allocate: (length) => ({ length }),
  write: () => undefined,
  read: async (storage) => new Float32Array(storage.length),
  free: () => undefined,
  compile: (program) => {
    const outputs = program.outputs.map(() => new Float32Array(1));
    return { memory: { peak: 0, sum: 0 }, program, run: () => Promise.resolve(outputs), dispose: () => undefined };
  },
  memory: () => 0,
  dispose: () => undefined,
});

/** Six convolutions of 3 × 3 with batch normalisation. */
const vggSmall = () =>
  sequential([
    ...[32, 64, 128].flatMap((filters) => [
      ...[1, 2].flatMap(() => [new Conv2d({ filters, kernelSize: 3, padding: "same" }), new BatchNorm(), new Relu()]),
      new MaxPool2d({ size: 2 }),
    ]),
    ...[new Flatten(), new Dense({ units: 10 })],
  ]);

/** A whole training step of a model. */
function stepOf(model, shape, optimizer) {
  build(model, shape);
  const all = parameters(model);
  const factors = new Map([...all.keys()].map((path) => [path, 1]));
  return trainStep(model, { loss: crossEntropy, optimizer, parameters: all, factors, diagnostics: false, seed: 1 });
}

console.log(`Node ${process.version}, one thread`);

{
  const x = tensor([1]);
  const count = 10_000;
  const recorded = await time(async () => {
    let y = x;
    for (let i = 0; i < count; i++) y = add(y, x);
  });
  row("recording an operation", "µs", recorded, (s) => ((1e6 * s) / count).toFixed(3));
  let chain = x;
  for (let i = 0; i < count; i++) chain = add(chain, x);
  const differentiated = await time(async () => void gradients(chain, [x]));
  row("gradients, for each recorded operation", "µs", differentiated, (s) => ((1e6 * s) / count).toFixed(3));
}
{
  useBackend(nothing());
  const step = stepOf(convNetJsMnist(), [28, 28, 1], sgd({ momentum: 0.9 }));
  const [images, labels] = [zeros([1, 28, 28, 1]), zeros([1])];
  const calls = 1000;
  const called = await time(async () => {
    for (let i = 0; i < calls; i++) await step(images, labels, 0.01);
  });
  row("a compiled training step of LeNet where nothing is computed", "µs", called, (s) =>
    ((1e6 * s) / calls).toFixed(2),
  );
}
const backends = [
  ["reference", async () => reference()],
  ["cpu", cpu],
];
for (const [name, make] of backends) {
  useBackend(await make());
  console.log("");
  for (const [n, size, channels, kernel, filters] of [
    [8, 28, 32, 3, 32],
    [32, 32, 3, 5, 12],
    [8, 56, 64, 3, 64],
  ]) {
    const f = compile((x, w) => conv2d(x, w, { padding: "same" }));
    const [x, w] = [zeros([n, size, size, channels]), zeros([kernel, kernel, channels, filters])];
    const flops = 2 * n * size * size * channels * kernel * kernel * filters;
    const what = `${name}, conv2d [${x.shape}] * [${w.shape}], inputs and result copied`;
    row(what, "GFLOP/s", await time(() => f(x, w)), (s) => (flops / s / 1e9).toFixed(1));
  }
  {
    const f = compile((a, b) => matmul(a, b));
    const a = zeros([512, 512]);
    row(`${name}, matmul 512 × 512 × 512, inputs and result copied`, "GFLOP/s", await time(() => f(a, a)), (s) =>
      ((2 * 512 ** 3) / s / 1e9).toFixed(1),
    );
  }
  for (const batch of [1, 256]) {
    const model = build(convNetJsMnist(), [28, 28, 1]);
    const images = full([batch, 28, 28, 1], 0.5);
    const asked = await time(() => predict(model, images));
    row(`${name}, the LeNet of ConvNetJS asked for ${batch}`, "images/s", asked, (s) => (batch / s).toFixed(0));
  }
  for (const [net, model, batch] of [
    ["the LeNet of ConvNetJS", convNetJsMnist(), 64],
    ["LeNet-5", lenet5(), 64],
    ["LeNet-5", lenet5(), 8],
    ["VGG-small", vggSmall(), 32],
  ]) {
    const shape = net === "VGG-small" ? [32, 32, 3] : [28, 28, 1];
    const step = stepOf(model, shape, sgd({ momentum: 0.9 }));
    const [images, labels] = [full([batch, ...shape], 0.5), zeros([batch])];
    row(
      `${name}, training ${net}, batch ${batch}, loss read each step`,
      "images/s",
      await time(() => step(images, labels, 0.01), { seconds: 2, least: 2 }),
      (s) => (batch / s).toFixed(0),
    );
  }
}

console.log("");
for (const [name, model, shape] of [
  ["LeNet-5", lenet5(), [28, 28, 1]],
  ["VGG-small (6 convolutions with batch normalisation, 32 × 32 × 3)", vggSmall(), [32, 32, 3]],
]) {
  useBackend(nothing());
  const step = stepOf(model, shape, adam());
  await step(zeros([64, ...shape]), zeros([64]), 0.01);
  const [{ program }] = step.programs.values();
  const { peak, sum } = planMemory(program);
  const mebibytes = (numbers) => `${((4 * numbers) / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${name}: a training step of 64 plans ${mebibytes(peak)} of ${mebibytes(sum)}, ${program.instructions.length} instructions`,
  );
}
