import {
  checked,
  kernelBackend,
  type Instruction,
  type Kernel,
  type KernelCall,
  type Kernels,
  type Op,
  type OperationName,
  type Primitives,
  type Program,
  type Values,
} from "@convlens/backend";
import { conformance } from "@convlens/backend/conformance";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cases } from "../../backend/src/conformance/cases.ts";
import { Dice } from "../../backend/src/conformance/dice.ts";
import { reference, referenceKernels } from "../src/index.ts";

const options = { describe, it, reference: () => reference({ precision: "float64" }) };

describe("the reference in float32", () => conformance(() => reference(), options));
describe("the reference in float64", () =>
  conformance(() => reference({ precision: "float64" }), { ...options, tolerance: 1e-12 }));

/** A backend whose buffers are objects around arrays, as on a graphics processor. */
const boxed = (operations: readonly (keyof Primitives)[]) => {
  interface Box {
    values: Values;
  }
  const kernels = Object.fromEntries(
    operations.map((operation) => {
      const kernel = referenceKernels[operation] as Kernel<Values, Op>;
      return [
        operation,
        (call: KernelCall) => {
          const launch = kernel(call);
          return async (inputs: Box[], output: Box) =>
            launch(
              inputs.map((box) => box.values),
              output.values,
              [],
            );
        },
      ];
    }),
  ) as unknown as Kernels<Box>;
  return kernelBackend<Box>(
    {
      name: "boxes",
      allocate: (length) => ({ values: new Float32Array(length) }),
      free: (box) => {
        box.values = new Float32Array(0);
      },
      upload: async (box, values) => {
        await Promise.resolve();
        box.values.set(values);
      },
      download: async (box) => box.values.slice(),
      copy: (from, to) => to.values.set(from.values),
      // Reading a released buffer fails.
      release: (box) => box.values.fill(NaN),
      kernels,
    },
    referenceKernels,
  );
};

describe("a backend without an arena, whose kernels, reads and writes are asynchronous,", () =>
  conformance(() => boxed(Object.keys(referenceKernels) as (keyof Primitives)[]), options));

describe("a backend with a few kernels", () => {
  const warn = vi.spyOn(console, "warn");
  beforeEach(() => {
    warn.mockImplementation(() => undefined);
  });
  afterEach(() => {
    warn.mockReset();
  });
  conformance(() => boxed(["add", "relu"]), options);

  it("releases values that a run does not need any more, and all values at its end", async () => {
    const released: number[] = [];
    const backend = kernelBackend<{ values: Values }>({
      name: "boxes",
      allocate: (length) => ({ values: new Float32Array(length) }),
      free: () => undefined,
      upload: (box, values) => box.values.set(values),
      download: (box) => box.values.slice(),
      copy: (from, to) => to.values.set(from.values),
      release: (box) => void released.push(box.values.length),
      kernels: {
        broadcast: () => (inputs, output) => void output.values.fill(inputs[0].values[0]! + released.length),
      },
    });
    const wider = (input: number): Instruction => ({
      operation: "broadcast",
      inputs: [input],
      attributes: { shape: [input + 2] },
      shape: [input + 2],
    });
    const executable = backend.compile({
      feeds: [[1]],
      variables: [],
      constants: [],
      instructions: [wider(0), wider(1), wider(2)],
      outputs: [3],
      updates: [],
    });
    // Of one, two and three numbers: each is released when the next one has been computed.
    expect(await executable.run([Float32Array.of(7)], [])).toEqual([Float32Array.of(10, 10, 10, 10)]);
    expect(released.slice(0, 3)).toEqual([1, 2, 3]);
    expect(released.slice(3).sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  });

  it("reports a failed write when the variable is used", async () => {
    const backend = kernelBackend<object>({
      name: "broken",
      allocate: () => ({}),
      free: () => undefined,
      upload: async () => {
        throw new Error("no room");
      },
      download: () => new Float32Array(1),
      copy: () => undefined,
      kernels: {},
    });
    const storage = backend.allocate(1);
    backend.write(storage, Float32Array.of(1));
    await expect(backend.read(storage)).rejects.toThrow("no room");
    const constant = backend.compile({
      feeds: [],
      variables: [],
      constants: [{ shape: [1], values: Float32Array.of(1) }],
      instructions: [],
      outputs: [0],
      updates: [],
    });
    await expect(constant.run([], [])).rejects.toThrow("no room");
  });

  it("loads kernels before the first run that needs them, and tries again after a failure", async () => {
    let calls = 0;
    const load = async (): Promise<Kernels<Values>> => {
      if (calls++ === 0) throw new Error("no connection");
      return {
        relu:
          () =>
          ([x], y) =>
            x.forEach((v, i) => (y[i] = Math.max(0, v))),
      };
    };
    const backend = kernelBackend<Values>({
      name: "late",
      allocate: (length) => new Float32Array(length),
      free: () => undefined,
      upload: (buffer, values) => buffer.set(values),
      download: (buffer) => buffer.slice(),
      copy: (from, to) => to.set(from),
      kernels: { exp: referenceKernels.exp },
      loader: { operations: ["relu"], isNeeded: ({ operation }) => operation === "relu", load },
    });
    const program = (operation: "exp" | "relu"): Program => ({
      feeds: [[2]],
      variables: [],
      constants: [],
      instructions: [{ operation, inputs: [0], attributes: {}, shape: [2] }],
      outputs: [1],
      updates: [],
    });
    expect(["exp", "relu", "tanh"].map((each) => backend.supports(each as OperationName))).toEqual([true, true, false]);
    await backend.compile(program("exp")).run([new Float32Array(2)], []);
    expect(calls).toBe(0);
    const executable = backend.compile(program("relu"));
    const run = (): Promise<Values[]> => executable.run([Float32Array.of(-1, 2)], []);
    await expect(run()).rejects.toThrow("late: the kernel of relu could not be loaded (no connection); try again");
    expect(await run()).toEqual([Float32Array.of(0, 2)]);
    expect(await backend.compile(program("relu")).run([Float32Array.of(3, -4)], [])).toEqual([Float32Array.of(3, 0)]);
    expect(calls).toBe(2);
  });

  it("warns once for each operation that runs on the host", async () => {
    const backend = boxed([]);
    for (let i = 0; i < 2; i++)
      backend.compile({
        feeds: [[1]],
        variables: [],
        constants: [],
        instructions: [
          { operation: "exp", inputs: [0], attributes: {}, shape: [1] },
          { operation: "exp", inputs: [1], attributes: {}, shape: [1] },
        ],
        outputs: [2],
        updates: [],
      });
    expect(warn.mock.calls).toEqual([["boxes: no kernel for exp; it will run on the host"]]);
  });
});

describe("a checked backend", () => {
  conformance(() => checked(reference()), {
    ...options,
    skip: [
      "NaN and infinity propagate as in the reference",
      "windows over values that are not finite",
      "empty tensors",
    ].map((test) => ({ test, reason: "it refuses numbers that are not finite" })),
  });
});

it("conformance refuses unknown options, and names of tests that do not exist", () => {
  const make = (more: object) => () => conformance(reference, { ...options, ...more });
  expect(make({ skips: [] })).toThrow('conformance: unknown option "skips"; did you mean "skip"?');
  expect(make({ rounds: 0 })).toThrow("conformance: rounds must be a whole number of at least 1, got 0");
  expect(make({ skip: [{ test: "conv2D", reason: "-" }] })).toThrow('no test "conv2D" to skip; did you mean "conv2d"?');
});

it("every primitive has a kernel, and no other operation has one", () => {
  const isComposite = (name: string): boolean => cases[name as keyof typeof cases]?.(new Dice(0)).meaning !== undefined;
  const primitives = Object.keys(cases).filter((name) => !isComposite(name));
  expect(Object.keys(referenceKernels).sort()).toEqual(primitives.sort());
});
