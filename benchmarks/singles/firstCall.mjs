// Time of a new process until VGG-small has made one training step, in ms, and the last step that is slow.
import { cpu } from "@convlens/backend-cpu";
import { tensor, useBackend } from "@convlens/tensor";
import { Random } from "@convlens/backend";
import { Net } from "../ours/net.mjs";
import { trainingOf } from "../ours/training.mjs";
import { vggSmall } from "../works/nets.mjs";

const { options, steps: count } = JSON.parse(process.argv[2]);
const BATCH = 32;
/** A step is slow if it takes this many times the median of the last ones. */
const SLOW = 1.25;

const { input, steps, weights } = vggSmall();
const random = new Random(1);
const sizeOf = (shape) => shape.reduce((a, b) => a * b);
for (const weight of Object.values(weights)) weight.values = random.normal(sizeOf(weight.shape), 0, weight.deviation);
useBackend(await cpu(options));
const x = tensor(random.normal(BATCH * sizeOf(input)), [BATCH, ...input]);
const labels = tensor(Float32Array.from({ length: BATCH }, () => random.integer(10)));

const { step } = trainingOf(new Net(steps, weights));
const times = [];
let prepared;
let preparedCpu;
for (let i = 0; i < count; i++) {
  const before = process.cpuUsage();
  const began = performance.now();
  const promise = step(x, labels, 0.01);
  // Recording, planning, and generating and compiling code before the first kernel runs.
  if (prepared === undefined) {
    prepared = performance.now() - began;
    // The only meaningful time on a busy machine; it includes the engine's threads.
    const { user, system } = process.cpuUsage(before);
    preparedCpu = (user + system) / 1000;
  }
  const { loss } = await promise;
  if (!Number.isFinite(loss.knownValue)) throw new Error(`the loss of step ${i + 1} is ${loss.knownValue}`);
  times.push(performance.now() - began);
}
const steady = times.slice(-Math.ceil(count / 3)).sort((a, b) => a - b);
const median = steady[steady.length >> 1];
const lastSlow = times.findLastIndex((time, i) => i < count - steady.length && time > SLOW * median) + 1;
const [first] = times;
console.log(JSON.stringify({ first, prepared, preparedCpu, steady: median, beyond: first - median, lastSlow, times }));
process.exit();
