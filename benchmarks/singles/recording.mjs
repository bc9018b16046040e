// Cost of recording an operation, of its gradient, and of a call of a compiled training step on a backend that computes nothing,
// in µs.
import { build } from "@convlens/layers";
import { convNetJsMnist } from "@convlens/layers/models";
import { add, gradients, tensor, useBackend, zeros } from "@convlens/tensor";
import { summary, timed, warm } from "../contest/clock.mjs";
import { trainingOf } from "../ours/training.mjs";

const { seconds } = JSON.parse(process.argv[2]);
const OPERATIONS = 10_000;
const CALLS = 1000;

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

const microseconds = async (work, count) => {
  await warm(work, { seconds, least: 3 });
  return (1e6 * summary(await timed(work, seconds)).median) / count;
};

const x = tensor([1]);
const chained = () => {
  let y = x;
  for (let i = 0; i < OPERATIONS; i++) y = add(y, x);
  return y;
};
const chain = chained();

useBackend(nothing());
const { step } = trainingOf(build(convNetJsMnist(), [28, 28, 1]));
const [images, labels] = [zeros([1, 28, 28, 1]), zeros([1])];

console.log(
  JSON.stringify({
    operation: await microseconds(chained, OPERATIONS),
    gradient: await microseconds(() => gradients(chain, [x]), OPERATIONS),
    compiledCall: await microseconds(async () => {
      for (let i = 0; i < CALLS; i++) await step(images, labels, 0.01);
    }, CALLS),
  }),
);
