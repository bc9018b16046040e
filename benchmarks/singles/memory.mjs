// Memory over many training steps of LeNet with one image: what is held after a tenth of them and at the end, and the garbage of a
// step. Needs --expose-gc, and a young generation that is large enough to count garbage before it is collected.
import { cpu } from "@convlens/backend-cpu";
import { build } from "@convlens/layers";
import { convNetJsMnist } from "@convlens/layers/models";
import { full, useBackend, zeros } from "@convlens/tensor";
import { trainingOf } from "../ours/training.mjs";

const { steps, options } = JSON.parse(process.argv[2]);
const [STRETCHES, COUNTED] = [5, 100];

const backend = await cpu(options);
useBackend(backend);
const { step } = trainingOf(build(convNetJsMnist(), [28, 28, 1]));
const [x, label] = [full([1, 28, 28, 1], 0.5), zeros([1])];
const train = async (count) => {
  for (let i = 0; i < count; i++) {
    const { loss } = await step(x, label, 1e-4);
    if (!Number.isFinite(loss.knownValue)) throw new Error(`the loss is ${loss.knownValue}`);
  }
};
function held() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external, backend: backend.memory() };
}

await train(Math.ceil(steps / 10));
const before = held();
// The minimum of several intervals, because compiling also leaves garbage.
let garbage = Infinity;
for (let stretch = 0; stretch < STRETCHES; stretch++) {
  const heap = process.memoryUsage().heapUsed;
  await train(COUNTED);
  garbage = Math.min(garbage, (process.memoryUsage().heapUsed - heap) / COUNTED);
}
await train(steps - Math.ceil(steps / 10) - STRETCHES * COUNTED);
const after = held();
const [{ executable }] = step.programs.values();
console.log(
  JSON.stringify({
    steps,
    before,
    after,
    // Bytes per step between them.
    heapGrowth: (after.heap - before.heap) / (steps - Math.ceil(steps / 10)),
    backendGrowth: after.backend - before.backend,
    garbage,
    planned: executable.memory,
  }),
);
process.exit();
