import {
  planMemory,
  lastUses,
  aliases,
  firstInstruction,
  shapesOf,
  sizeOf,
  type Backend,
  type Program,
  type Storage,
  type Values,
} from "@convlens/backend";
import { batchOf, type Classification } from "@convlens/datasets";
import { apply, parameters, type Layer } from "@convlens/layers";
import { currentBackend, programOf, zeros, type Tensor } from "@convlens/tensor";
import { crossEntropy, recordStep, sgd } from "@convlens/training";
import { largestDifference } from "../numbers.ts";
import { backendOf } from "./backends.ts";
import type { Net } from "./net.ts";

/** A program to inspect or to compare. */
export interface FloorRequest {
  readonly net: number | undefined;
  readonly work: "read digits" | "learn from digits";
  /** Batch size. */
  readonly batch: number;
}

/** A comparison of backends, with or without the graphics processor, which must be prepared. */
export interface RaceRequest extends FloorRequest {
  readonly graphics: boolean;
}

/** One instruction with its time. */
export interface FloorInstruction {
  readonly operation: string;
  /** Its layer: `layers.3 (Conv2d)`. */
  readonly path: string;
  readonly direction: string;
  readonly shape: readonly number[];
  /** Average milliseconds; `undefined` for a reshape, which copies nothing. */
  readonly milliseconds: number | undefined;
}

/** Place of a value in the arena. */
export interface FloorBlock {
  /** The instruction that computes it; −1 for an input. */
  readonly from: number;
  /** The last instruction that reads it; the last of all for a result. */
  readonly to: number;
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
}

/** A program, its memory and its times. */
export interface FloorAnswer {
  readonly instructions: readonly FloorInstruction[];
  readonly blocks: readonly FloorBlock[];
  /** Bytes of the arena, and the sum of the sizes of all values. */
  readonly peak: number;
  readonly sum: number;
  /** Milliseconds of a run without measurements in between: the least of several. */
  readonly whole: number;
}

const RATE = 0.05;
/** Bytes of a float32. */
const BYTES = 4;
/** Alignment of values, as backends use it. */
const ALIGNED = { align: 16 } as const;

/** The program of a task for a backend, and its inputs. */
function programFor(
  model: Layer,
  digits: Classification,
  { work, batch }: FloorRequest,
  backend: Backend,
): FloorProgram {
  const { inputs, targets: labels } = batchOf(
    digits,
    Array.from({ length: Math.min(batch, digits.size) }, (_, i) => i),
  );
  const shaped = [zeros(inputs.shape), zeros(labels.shape)] as const;
  const answer = (x: Tensor): Tensor => apply(model, x);
  const learn = (inputs: Tensor, targets: Tensor): Tensor => {
    const learning = Array.from(parameters(model), ([path, parameter]) => ({ path, parameter, learningRate: RATE }));
    const plan = { loss: crossEntropy, metrics: {}, optimizer: sgd(), learning, diagnostics: false };
    return recordStep(model, { inputs, targets }, plan).results.loss;
  };
  const program =
    work === "read digits" ? programOf(answer, [shaped[0]], { backend }) : programOf(learn, [...shaped], { backend });
  // The last feed is the seed of random numbers, which this program does not use.
  const feeds = [inputs.knownValues, labels.knownValues].slice(0, program.feeds.length - 1);
  return { program, feeds: [...feeds, new Float32Array(2)] };
}

interface FloorProgram {
  readonly program: Program;
  readonly feeds: readonly Values[];
}

/** Calls `use` with a program that is ready to run on a copy of the net's weights. */
async function withProgram<R>(
  backend: Backend,
  { program, feeds }: FloorProgram,
  { weights }: Net,
  use: (
    run: (onInstruction?: (instruction: number, milliseconds: number) => void) => Promise<Values[]>,
    storages: readonly Storage[],
  ) => Promise<R>,
): Promise<R> {
  const storages = program.variableNames!.map((name) => {
    const { values } = weights.get(name)!;
    const storage = backend.allocate(values.length);
    backend.write(storage, values);
    return storage;
  });
  const executable = backend.compile(program);
  try {
    return await use((onInstruction) => executable.run(feeds, storages, { onInstruction }), storages);
  } finally {
    executable.dispose();
    for (const storage of storages) backend.free(storage);
  }
}

/** Fewest runs, and fewest milliseconds of them. */
const FEWEST = 5;
const LONG_ENOUGH = 60;

/** Milliseconds of a call, the least of several. Clocks of pages are coarse, so short calls are measured together. */
async function timed(call: () => Promise<unknown>): Promise<number> {
  await call();
  let least = Infinity;
  const began = performance.now();
  for (let i = 0; i < FEWEST || performance.now() - began < LONG_ENOUGH; i++) {
    const start = performance.now();
    let calls = 0;
    while (performance.now() - start < 1 || calls === 0) {
      await call();
      calls++;
    }
    least = Math.min(least, (performance.now() - start) / calls);
  }
  return least;
}

/** The program of the page's backend, its memory plan, and the time of each instruction. */
export async function floor(net: Net, digits: Classification, request: FloorRequest): Promise<FloorAnswer> {
  const backend = currentBackend();
  const ready = programFor(net.model, digits, request, backend);
  const { program } = ready;
  const times = await withProgram(backend, ready, net, async (run) => {
    // First the whole program, many times, until the engine has optimized all kernels.
    const whole = await timed(() => run());
    const sums = new Float64Array(program.instructions.length);
    let runs = 0;
    const began = performance.now();
    // Means, because the clock may be too coarse for a single run.
    while (runs < FEWEST || performance.now() - began < LONG_ENOUGH) {
      await run((instruction, milliseconds) => (sums[instruction]! += milliseconds));
      runs++;
    }
    return { each: sums.map((sum) => sum / runs), whole };
  });
  const plan = planMemory(program, ALIGNED);
  return {
    instructions: program.instructions.map(({ operation, scope, shape }, i) => ({
      operation,
      path: scope?.path ?? "",
      direction: scope?.direction ?? "forward",
      shape,
      milliseconds: operation === "reshape" ? undefined : times.each[i]!,
    })),
    blocks: blocksOf(program, plan.places),
    peak: plan.peak * BYTES,
    sum: plan.sum * BYTES,
    whole: times.whole,
  };
}

/** Lifetime and place of every value in the arena. */
function blocksOf(program: Program, places: ReturnType<typeof planMemory>["places"]): FloorBlock[] {
  const first = firstInstruction(program);
  const roots = aliases(program);
  const shapes = shapesOf(program);
  const end = program.instructions.length - 1;
  const last = lastUses(program, roots, program.outputs);
  return roots.flatMap((root, value) => {
    const place = places[value]!;
    if (root !== value || place.in !== "arena") return [];
    const from = value < program.feeds.length ? -1 : value - first;
    return [
      {
        from,
        to: Math.min(end, Math.max(from, last[value]!)),
        offset: place.offset * BYTES,
        size: sizeOf(shapes[value]!) * BYTES,
      },
    ];
  });
}

/**
 * The same task on the reference, on one thread, on all threads, and on the graphics processor if it is requested: milliseconds of a
 * run, the least of several, and the greatest difference of the results from those of the reference.
 */
export async function race(net: Net, digits: Classification, request: RaceRequest) {
  const own = currentBackend();
  const single = await backendOf("one");
  const graphics = request.graphics ? [await backendOf("graphics")] : [];
  const all = [
    { name: "reference in TypeScript, one thread", backend: await backendOf("reference") },
    { name: "WebAssembly SIMD, one thread", backend: single },
    // With one thread the page's backend is the same as the one before.
    ...(own.name === single.name
      ? []
      : [{ name: `WebAssembly SIMD, ${own.name.replace(/^cpu \(|\)$/g, "")}`, backend: own }]),
    ...graphics.map((backend) => ({ name: backend.name.replace(/^gpu/, "graphics processor"), backend })),
  ];
  const racers: { name: string; milliseconds: number; difference: number }[] = [];
  let first: Values[] = [];
  for (const { name, backend } of all) {
    const ready = programFor(net.model, digits, request, backend);
    const results = await withProgram(backend, ready, net, async (run, storages) => {
      const outputs = await run();
      return [...outputs, ...(await Promise.all(storages.map((storage) => backend.read(storage))))];
    });
    if (racers.length === 0) first = results;
    const difference = Math.max(...results.map((values, k) => largestDifference(values, first[k]!)));
    racers.push({
      name,
      milliseconds: await withProgram(backend, ready, net, (run) => timed(() => run())),
      difference,
    });
  }
  return { racers, compared: first.reduce((sum, { length }) => sum + length, 0) };
}
