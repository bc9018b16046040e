// Soak tests: pnpm soak [--short] [--only NAME[,NAME]] [--backend cpu|reference] [--threads N]
//
// Repeats one thing until a leak would show, on the built packages, each in its own process: 10,000 dropped models, 60 fits on one
// model, 5,000 input sizes, 20,000 steps; fewer with --short. Prints memory before and after and the growth for a thousand more, and
// exits with 1 if that is a leak. Memory is measured after garbage collection: JavaScript's (heap), the backend's, and that of the
// process (rss), which also contains compiled code.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { cpu } from "../packages/backend-cpu/dist/index.js";
import { reference } from "../packages/backend-reference/dist/index.js";
import { shapes } from "../packages/datasets/dist/index.js";
import {
  build,
  Conv2d,
  Dense,
  Flatten,
  GlobalAveragePool,
  predict,
  ReLU,
  sequential,
} from "../packages/layers/dist/index.js";
import { uniform, useBackend, zeros } from "../packages/tensor/dist/index.js";
import { adam, crossEntropy, fit, Trainer } from "../packages/training/dist/index.js";

const data = shapes({ size: 64, height: 8, width: 8 });
const small = () =>
  build(
    sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 4 })]),
    data.shapes.input,
  );

/** By name: how often it is repeated, long and short, and `make`, which returns the function that does it once. */
const soaks = {
  models: {
    what: "models made, asked and dropped",
    counts: [10_000, 1500],
    make: () => async () => {
      await predict(small(), zeros([1, ...data.shapes.input]));
    },
  },
  fits: {
    what: "fits on one model",
    counts: [60, 20],
    make: () => {
      const model = small();
      return async (i) => {
        const run = fit(model, data, {
          epochs: 2,
          batchSize: 16,
          validation: data,
          loss: (y, t) => crossEntropy(y, t),
        });
        for await (const { step } of run) if (i % 3 === 1 && step === 5) break;
      };
    },
  },
  sizes: {
    what: "input sizes of one model",
    counts: [5000, 500],
    make: () => {
      const layers = [new Conv2d({ filters: 4, kernelSize: 3, padding: "same" }), new GlobalAveragePool()];
      const model = build(sequential(layers), [8, 8, 1]);
      // Each size once: up to 71 high and 80 wide.
      return async (i) => {
        await predict(model, uniform([1, 8 + (i % 71), 8 + (i % 73), 1]));
      };
    },
  },
  steps: {
    what: "steps of one training",
    counts: [20_000, 2000],
    make: () => {
      const model = small();
      const trainer = new Trainer(model, { loss: crossEntropy, optimizer: adam(), seed: 1 });
      const batch = { inputs: uniform([8, ...data.shapes.input]), targets: zeros([8]) };
      return async () => {
        await trainer.step(batch);
      };
    },
  },
};

/** Samples of memory in one soak. The first half is ignored: caches fill, and engines compile frequent functions. */
const SAMPLES = 24;
/** MiB that the second half of a soak may add: the difference between samples of one state. */
const TOLERANCE = { heap: 0.8, backend: 0.02, rss: 48 };

/** Memory in MiB, after garbage was collected and finalizers have run. */
async function sample(backend) {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const [heap, held, all] = [heapUsed + external, backend.memory(), rss].map((bytes) => bytes / 2 ** 20);
  return { heap, backend: held, rss: all };
}

/** Median of the slopes between all pairs of points, which ignores outliers (Theil 1950, Sen 1968). */
function slopeOf(points) {
  const slopes = points.flatMap(([x, y], i) => points.slice(i + 1).map(([x2, y2]) => (y2 - y) / (x2 - x)));
  return slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)];
}

/** Runs one soak in this process and returns whether nothing leaks. */
async function soak(name, isShort, backend) {
  const { what, counts, make } = soaks[name];
  const count = counts[isShort ? 1 : 0];
  const work = make();
  const samples = [];
  for (let i = 0, done = 0; i < SAMPLES; i++) {
    for (const end = Math.round((count * (i + 1)) / SAMPLES); done < end; done++) await work(done);
    samples.push({ done, ...(await sample(backend)) });
  }
  console.log(`${name}: ${count} ${what}, on ${backend.name}`);
  const half = samples.slice(SAMPLES / 2);
  let isFlat = true;
  for (const [kind, tolerance] of Object.entries(TOLERANCE)) {
    const slope = slopeOf(half.map((each) => [each.done, each[kind]]));
    const isLeak = slope * (count / 2) > tolerance;
    if (isLeak) isFlat = false;
    const figures = [samples[0], half[0], samples.at(-1)].map((each) => each[kind].toFixed(2)).join(" → ");
    const growth = `${(1000 * slope).toFixed(3)} MiB for 1,000 more`;
    console.log(`  ${kind.padEnd(8)} ${figures} MiB, ${growth}${isLeak ? ": LEAK" : ""}`);
  }
  return isFlat;
}

const args = process.argv.slice(2).filter((word) => word !== "--");
const { values } = parseArgs({
  args,
  options: {
    short: { type: "boolean", default: false },
    only: { type: "string" },
    backend: { type: "string", default: "cpu" },
    threads: { type: "string" },
    here: { type: "boolean", default: false },
  },
});
const names = values.only?.split(",") ?? Object.keys(soaks);
const unknown = names.find((name) => !(name in soaks));
if (unknown !== undefined) throw new Error(`there is no soak "${unknown}"; there are ${Object.keys(soaks).join(", ")}`);
if (values.here) {
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  const backend = values.backend === "reference" ? reference() : await cpu(threads === undefined ? {} : { threads });
  useBackend(backend);
  for (const name of names) if (!(await soak(name, values.short, backend))) process.exitCode = 1;
} else
  for (const name of names) {
    const own = [...args, "--here", "--only", name];
    const { status } = spawnSync(process.execPath, ["--expose-gc", import.meta.filename, ...own], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
