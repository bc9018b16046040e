// Cost of a compiled call beyond its kernels, in µs: programs of products of 1 × 1 matrices, which take almost no time. The time of a
// call is a constant plus a share for each kernel; a line through two lengths separates them. As in a training step, an image of
// 28 × 28 and its label are fed, and the loss is read.
import { cpu } from "@convlens/backend-cpu";
import { build } from "@convlens/layers";
import { convNetJsMnist } from "@convlens/layers/models";
import { compile, matmul, useBackend, Variable, zeros } from "@convlens/tensor";
import { summary, timed, warm } from "../contest/clock.mjs";
import { trainingOf } from "../ours/training.mjs";

const { seconds, options } = JSON.parse(process.argv[2]);
const MANY = 100;

useBackend(await cpu(options));
const w = new Variable([1], [1, 1]);
const image = zeros([1, 28, 28, 1]);
const label = zeros([1]);

async function microseconds(kernels) {
  const call = compile((_image, _label) => {
    let z = w.current;
    for (let i = 0; i < kernels; i++) z = matmul(z, w);
    return z;
  });
  const run = async () => (await call(image, label)).knownValues[0];
  await warm(run, { seconds, least: 100 });
  return 1e6 * summary(await timed(run, seconds)).median;
}

// The number of kernels of a training step of LeNet.
const { step } = trainingOf(build(convNetJsMnist(), [28, 28, 1]));
await step(image, label, 0.01);
const [{ program }] = step.programs.values();
const kernels = program.instructions.filter(({ operation }) => operation !== "reshape").length;

const [empty, full] = [await microseconds(1), await microseconds(1 + MANY)];
const perKernel = (full - empty) / MANY;
console.log(JSON.stringify({ empty, perKernel, kernels, lenetStep: empty + kernels * perKernel }));
process.exit();
