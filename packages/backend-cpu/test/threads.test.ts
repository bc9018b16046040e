import {
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  pool2dGeometry,
  poolInputShape,
  poolOutputShape,
  Random,
  sizeOf,
  ValueError,
  type Backend,
  type Attributes,
  type OperationName,
  type Program,
  type Shape,
  type Values,
} from "@convlens/backend";
import { reference, referenceKernels } from "@convlens/backend-reference";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { load4 } from "../src/assembler/expression.ts";
import { strided } from "../src/callList.ts";
import { defineFunction } from "../src/defineFunction.ts";
import { cpu } from "../src/index.ts";
import type { PoolThreadSetup } from "../src/poolThread.ts";
import { Runtime } from "../src/runtime.ts";

interface Work {
  readonly name: string;
  readonly operation: OperationName;
  readonly inputs: readonly Shape[];
  readonly attributes: unknown;
  readonly output: Shape;
}
const work = <K extends OperationName>(
  name: string,
  operation: K,
  inputs: readonly Shape[],
  attributes: Attributes<K>,
  output: Shape,
): Work => ({ name, operation, inputs, attributes, output });

/** Convolutions forward and backward, divided by images and by rows. */
const convolutions = [
  { batch: 1, size: 40, channels: 16, filters: 24, kernel: 3, groups: 1 },
  { batch: 3, size: 31, channels: 16, filters: 20, kernel: 3, groups: 1 },
  { batch: 11, size: 28, channels: 3, filters: 10, kernel: 5, groups: 1 },
  { batch: 16, size: 20, channels: 8, filters: 10, kernel: 3, groups: 1 },
  { batch: 2, size: 40, channels: 32, filters: 32, kernel: 5, groups: 4 },
  { batch: 3, size: 37, channels: 50, filters: 50, kernel: 3, groups: 50 },
  { batch: 3, size: 29, channels: 50, filters: 70, kernel: 1, groups: 1 },
].flatMap(({ batch, size, channels, filters, kernel, groups }) => {
  const geometry = conv2dGeometry([batch, size, size, channels], [kernel, kernel, channels / groups, filters], {
    padding: "same",
    groups,
  });
  const [x, w, y] = [convInputShape(geometry), convFilterShape(geometry), convOutputShape(geometry)];
  const name = `of ${batch} × [${size}, ${size}, ${channels}], ${filters} filters, ${groups} groups`;
  return [
    work(`conv2d ${name}`, "conv2d", [x, w], { geometry }, y),
    work(`input gradient ${name}`, "conv2dInputGradient", [y, w], { geometry }, x),
    work(`filter gradient ${name}`, "conv2dFilterGradient", [y, x], { geometry }, w),
  ];
});
/** Normalisations over the axes of a batch, of examples, of groups; over many places and over few. */
const normalizations = [
  { shape: [20, 31, 33, 30], axes: [0, 1, 2] },
  { shape: [64, 28, 28, 3], axes: [0, 1, 2] },
  { shape: [2003, 255], axes: [1] },
  { shape: [3, 301_001], axes: [1] },
  { shape: [16, 500, 8, 6], axes: [1, 3] },
  { shape: [2, 3, 20_001, 5], axes: [0, 2] },
].flatMap(({ shape, axes }) => {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const both = [2, ...kept];
  const attributes = { axes, epsilon: 1 };
  const name = `of [${shape}] over [${axes}]`;
  return [
    work(`moments ${name}`, "moments", [shape], { axes }, both),
    work(`normalize ${name}`, "normalize", [shape, both, kept, []], attributes, shape),
    work(`normalizeSums ${name}`, "normalizeSums", [shape, shape, both], attributes, both),
    work(`normalizeGradient ${name}`, "normalizeGradient", [shape, shape, both, both, kept], attributes, shape),
  ];
});
const pooling = pool2dGeometry([9, 64, 64, 20], { kernelSize: 3, stride: 2 });
const all: Work[] = [
  ...convolutions,
  ...normalizations,
  work("maxPool2d", "maxPool2d", [poolInputShape(pooling)], { geometry: pooling }, poolOutputShape(pooling)),
  ...[2, 2.5].flatMap((p) => {
    const [x, y] = [poolInputShape(pooling), poolOutputShape(pooling)];
    return [
      work(`lpPool2d, p = ${p}`, "lpPool2d", [x], { geometry: pooling, p }, y),
      work(`its gradient, p = ${p}`, "lpPool2dGradient", [y, x, y], { geometry: pooling, p }, x),
    ];
  }),
  ...[1, 9].flatMap((batch) => {
    const [small, large] = [
      [batch, 90, 111, 10],
      [batch, 131, 64, 10],
    ];
    return (["nearest", "bilinear", "bicubic"] as const).flatMap((mode) => {
      const method = { mode, alignCorners: false };
      return [
        work(`resize ${batch}, ${mode}`, "resize", [small], { height: 131, width: 64, ...method }, large),
        work(`its gradient`, "resizeGradient", [large], { height: 90, width: 111, ...method }, small),
      ];
    });
  }),
  work(
    "matmul",
    "matmul",
    [
      [150, 300],
      [300, 203],
    ],
    { transposeA: false, transposeB: false },
    [150, 203],
  ),
  work(
    "matmul transposed",
    "matmul",
    [
      [300, 150],
      [203, 300],
    ],
    { transposeA: true, transposeB: true },
    [150, 203],
  ),
  work(
    "many matmul",
    "matmul",
    [
      [9, 70, 80],
      [9, 80, 50],
    ],
    { transposeA: false, transposeB: false },
    [9, 70, 50],
  ),
  work("sum of columns", "sum", [[70_001, 33]], { axes: [0] }, [1, 33]),
  work("sum of rows", "sum", [[3001, 333]], { axes: [1] }, [3001, 1]),
  work("sum of axes apart", "sum", [[61, 90, 61]], { axes: [0, 2] }, [1, 90, 1]),
  work("tanh", "tanh", [[700_001]], {}, [700_001]),
  work(
    "add, broadcast",
    "add",
    [
      [301, 1, 77],
      [43, 1],
    ],
    {},
    [301, 43, 77],
  ),
  work("softmax", "softmax", [[6001, 10]], {}, [6001, 10]),
  work(
    "softmaxGradient",
    "softmaxGradient",
    [
      [6001, 10],
      [6001, 10],
    ],
    {},
    [6001, 10],
  ),
  work("logSoftmax", "logSoftmax", [[203, 1001]], {}, [203, 1001]),
  work(
    "logSoftmaxGradient",
    "logSoftmaxGradient",
    [
      [203, 1001],
      [203, 1001],
    ],
    {},
    [203, 1001],
  ),
  work(
    "softmaxCrossEntropy",
    "softmaxCrossEntropy",
    [
      [9001, 10],
      [9001, 10],
    ],
    {},
    [9001, 1],
  ),
  work(
    "its gradient",
    "softmaxCrossEntropyGradient",
    [
      [9001, 1],
      [9001, 10],
      [9001, 10],
    ],
    {},
    [9001, 10],
  ),
  work("transpose", "transpose", [[401, 803]], { order: [1, 0] }, [803, 401]),
  work("place", "place", [[400, 400]], { begin: [3, 5], step: [2, 2], shape: [900, 900] }, [900, 900]),
];

/** Inputs between 0 and 1, because some of them are variances; the same for every backend. */
const feedsOf = memoized(({ inputs }: Work) => inputs.map((shape, i) => new Random(i + 1).uniform(sizeOf(shape))));

async function compute(backend: Backend, each: Work): Promise<Values> {
  const { operation, inputs, attributes, output } = each;
  const program = {
    feeds: inputs,
    variables: [],
    constants: [],
    instructions: [{ operation, inputs: inputs.map((_, i) => i), attributes, shape: output }],
    outputs: [inputs.length],
    updates: [],
  } as unknown as Program;
  const executable = backend.compile(program);
  const feeds = feedsOf(each);
  // Twice: some weights are prepared at the second call.
  await executable.run(feeds, []);
  const [result] = await executable.run(feeds, []);
  executable.dispose();
  return result!;
}

/** A function that computes each result once. */
function memoized<A extends object, R>(of: (argument: A) => R): (argument: A) => R {
  const known = new Map<A, R>();
  return (argument) => {
    if (!known.has(argument)) known.set(argument, of(argument));
    return known.get(argument)!;
  };
}

/** Computes many products in each call. */
const busy = defineFunction({
  name: "busy",
  write: (f, times: number, at) => {
    const sum = f.keep(load4(at));
    f.times(times, () => f.set(sum, f.multiplyAdd4(sum, f.constant4(0.5), sum)));
    f.store4(at, sum);
  },
  work: () => 1_000_000,
});

describe("threads", async () => {
  const backends = await Promise.all([1, 2, 3, 5].map((threads) => cpu({ threads })));
  beforeAll(async () => {
    await Promise.all(backends.map((backend) => compute(backend, all[0]!)));
    // The threads start meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  afterAll(() => backends.forEach((backend) => backend.dispose()));

  it.each(all)("give the same bits in any number: $name", async (each) => {
    const [one, ...others] = await Promise.all(backends.map((backend) => compute(backend, each)));
    expect(one!.some((x) => x !== 0)).toBe(true);
    const bits = (values: Values): Int32Array => new Int32Array(values.buffer);
    for (const other of others) expect(bits(other).every((word, i) => word === bits(one!)[i])).toBe(true);
  });

  // Shapes of several tasks each, and a smaller one at the end, larger than in the conformance suite.
  const known = all.filter(({ operation }) => operation in referenceKernels);
  it.each(known)("compute what the reference computes: $name", async (each) => {
    const exact = reference({ precision: "float64" });
    const [got, want] = [await compute(backends[1]!, each), await compute(exact, each)];
    let [scale, worst] = [1, 0];
    for (const [i, x] of want.entries()) {
      scale = Math.max(scale, Math.abs(x));
      worst = Math.max(worst, Math.abs(x - got[i]!));
    }
    expect(worst / scale).toBeLessThan(2e-5);
  });

  it("are as many as requested, by default as many as there are cores", async () => {
    const backend = await cpu({ threads: 3 });
    expect(backend.name).toBe("cpu (3 threads)");
    backend.dispose();
    for (const threads of [0, 1.5, -1, NaN, 1000])
      await expect(cpu({ threads })).rejects.toThrow(
        `cpu: threads must be a whole number from 1 to 128, got ${threads}`,
      );
  });

  it("are checked like all options", async () => {
    await expect(cpu({ thread: 1 } as never)).rejects.toThrow('cpu: unknown option "thread"; did you mean "threads"?');
    await expect(cpu({ winograd: "never" } as never)).rejects.toThrow(
      'cpu: winograd must be true or false, got "never"',
    );
    await expect(cpu(4 as never)).rejects.toThrow(ValueError);
  });

  /** Calls {@link busy} at addresses that only thread 0 may use, if it is broken. */
  function partlyBroken(runtime: Runtime): (broken: boolean) => void | Promise<void> {
    const code = runtime.compile(busy, 20_000);
    const block = runtime.heap.allocate(4);
    return (broken) => {
      code.callMany(200, strided(block.start, 0, broken ? 0x7fff0000 / 4 : 0));
      return runtime.finish();
    };
  }

  it("fail the run if they end before their work is done; the next run has new ones", async () => {
    const runtime = new Runtime({ threads: 2 });
    const run = partlyBroken(runtime);
    // The fault needs the other thread to run.
    const broken = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        await run(true);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await expect(broken()).rejects.toThrow(
      /^cpu: a thread did not finish its work \(.*out of bounds.*\); this run is lost/,
    );
    for (let i = 0; i < 5; i++) await run(false);
    runtime.dispose();
  });

  it("do not read a list that is being rewritten if they start late", async () => {
    const send = vi.spyOn(Worker.prototype, "postMessage");
    const runtime = new Runtime({ threads: 2 });
    const run = partlyBroken(runtime);
    await run(false);
    const { memory, epoch } = send.mock.calls[0]![0] as PoolThreadSetup;
    const call = Atomics.load(new Int32Array(memory.buffer), epoch);
    const holds: boolean[] = [];
    const write = vi.spyOn(Int32Array.prototype, "set").mockImplementation(function (this: Int32Array, list, at = 0) {
      holds.push(Atomics.load(new Int32Array(memory.buffer), epoch) === call);
      for (let i = 0; i < list.length; i++) this[at + i] = Number(list[i]);
    });
    await run(false);
    write.mockRestore();
    send.mockRestore();
    runtime.dispose();
    expect(holds).toEqual([false]);
    expect(Atomics.load(new Int32Array(memory.buffer), epoch)).not.toBe(call);
  });

  it("fail the run if they are terminated during it, and do not hang", async () => {
    const backend = await cpu({ threads: 2 });
    const pending = compute(backend, all[0]!);
    backend.dispose();
    await expect(pending).rejects.toThrow("this backend was disposed");
  });
});
