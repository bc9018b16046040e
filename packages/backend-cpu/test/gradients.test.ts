import {
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  kernelBackend,
  pool2dGeometry,
  Random,
  sizeOf,
  type Conv2dGeometry,
  type ConvolutionGradients,
  type Instruction,
  type Program,
  type Shape,
} from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { after } from "../src/heap.ts";
import { joinGradients } from "../src/joinGradients.ts";
import { conv2dKernels } from "../src/kernels/conv2d.ts";
import { depthwise } from "../src/kernels/conv2d/depthwise.ts";
import { canShare } from "../src/kernels/conv2d/winograd/gradients.ts";
import { Runtime } from "../src/runtime.ts";
import { expectSameClass, specialNumbers, withSpecial } from "./notFinite.ts";
import { unitStride } from "./unitStride.ts";

type Wanted = Omit<ConvolutionGradients, "geometry">;
type Result = Wanted["results"][number];

/** A program with the feeds dy, x, filters, y, and the separate gradients in the given order, as a recording has them. */
function written(g: Conv2dGeometry, { results, relu, pool }: Wanted): Program {
  const [x, w, y] = [convInputShape(g), convFilterShape(g), convOutputShape(g)];
  const geometry = pool2dGeometry(y, { kernelSize: 2, geometry: "floor" }, "maxPool2d");
  const pooled = [y[0]!, geometry.height.output, geometry.width.output, y[3]!];
  const instructions: Instruction[] = [];
  const write = (step: Instruction): number => 5 + instructions.push(step) - 1;
  let dy = 0;
  if (pool) dy = write({ operation: "maxPool2dGradient", inputs: [dy, 3], attributes: { geometry }, shape: y });
  if (relu) {
    const gate = write({ operation: "greater", inputs: [3, 4], attributes: {}, shape: y });
    dy = write({ operation: "where", inputs: [gate, dy, 4], attributes: {}, shape: y });
  }
  const makers: Record<Result, () => number> = {
    input: () => write({ operation: "conv2dInputGradient", inputs: [dy, 2], attributes: { geometry: g }, shape: x }),
    filters: () => write({ operation: "conv2dFilterGradient", inputs: [dy, 1], attributes: { geometry: g }, shape: w }),
    bias: () =>
      write({ operation: "sum", inputs: [dy], attributes: { axes: [0, 1, 2] }, shape: [1, 1, 1, g.outChannels] }),
  };
  const outputs = results.map((name) => makers[name]());
  return {
    feeds: [pool ? pooled : y, x, w, y],
    variables: [],
    constants: [{ shape: [], values: Float32Array.of(0) }],
    instructions,
    outputs,
    updates: [],
  };
}

const feedsOf = ({ feeds }: Program, seed: number): Float32Array[] => {
  const random = new Random(seed);
  // Some numbers of y are zero and some are equal, as after ReLU.
  return feeds.map((shape, i) =>
    random.uniform(sizeOf(shape), -1, 1).map((v) => (i === 3 ? Math.max(0, Math.round(4 * v) / 4) : v)),
  );
};

/** A backend with one kernel; memory that was never written contains NaN. */
function backendOf(runtime: Runtime): ReturnType<typeof kernelBackend> {
  const { heap } = runtime;
  return kernelBackend<ReturnType<typeof heap.allocate>>({
    name: "gradients",
    allocate: (length) => {
      const block = heap.allocate(length);
      heap.view(block).fill(NaN);
      return block;
    },
    free: (block) => heap.free(block),
    upload: (block, values) => heap.view(block).set(values),
    download: (block) => heap.view(block).slice(),
    copy: (from, to) => heap.view(to).set(heap.view(from)),
    slice: ({ start }, offset, length) => ({ start: after(start, offset), length }),
    finish: () => runtime.finish(),
    dispose: () => runtime.dispose(),
    kernels: conv2dKernels(runtime, depthwise),
  });
}

const wanted = fc.record({
  results: fc.shuffledSubarray<Result>(["bias", "input", "filters"], { minLength: 2 }),
  relu: fc.boolean(),
  pool: fc.boolean(),
});
/** Attributes that request the gradients of input and filters. */
const isJoined = ({ results }: Wanted): boolean => results.includes("input") && results.includes("filters");

describe("joined gradients of a convolution", () => {
  it("equal the separate gradients of the reference, through ReLU and pooling, in any order", async () => {
    const exact = reference({ precision: "float64" });
    await fc.assert(
      fc.asyncProperty(unitStride(10, 1), wanted.filter(isJoined), fc.nat(), async (g, options, seed) => {
        const program = written(g, options);
        const joined = joinGradients(program, () => true);
        expect(joined.instructions.map(({ operation }) => operation)).toEqual([
          "conv2dGradients",
          ...options.results.slice(1).map(() => "result"),
        ]);
        const feeds = feedsOf(program, seed);
        const backend = backendOf(new Runtime({ winograd: "always" }));
        const got = await backend.compile(joined).run(feeds, []);
        const want = (await exact.compile(program).run(feeds, [])).map((values) => Float64Array.from(values));
        want.forEach((values, i) => {
          const scale = values.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
          const error = values.reduce((most, v, k) => Math.max(most, Math.abs(v - got[i]![k]!)), 0);
          expect(error / scale, options.results[i]).toBeLessThan(5e-5);
        });
        backend.dispose();
      }),
      { numRuns: 80 },
    );
  });

  it("equal those of the reference if dy, x, filters and y are not finite, through ReLU and pooling", async () => {
    const exact = reference({ precision: "float64" });
    const special = fc.tuple(specialNumbers, specialNumbers, specialNumbers, specialNumbers);
    await fc.assert(
      fc.asyncProperty(
        unitStride(10, 1),
        wanted.filter(isJoined),
        special,
        fc.nat(),
        async (g, options, special, seed) => {
          const program = written(g, options);
          const random = new Random(seed);
          const feeds = program.feeds.map((shape, i) => withSpecial(random, sizeOf(shape), special[i]!));
          const backend = backendOf(new Runtime({ winograd: "always" }));
          const got = await backend.compile(joinGradients(program, () => true)).run(feeds, []);
          const want = await exact.compile(program).run(feeds, []);
          want.forEach((values, i) => expectSameClass(got[i]!, values, options.results[i]));
          backend.dispose();
        },
      ),
      { numRuns: 150 },
    );
  });

  it("are the same bits on any number of threads", async () => {
    const g = conv2dGeometry([13, 18, 23, 20], [3, 3, 20, 28], { padding: "same" });
    expect(canShare(new Runtime(), g)).toBe(true);
    const program = joinGradients(
      written(g, { results: ["input", "filters", "bias"], relu: true, pool: true }),
      () => true,
    );
    const finite = feedsOf(program, 1);
    // A pixel of one image and a gradient of another are not finite.
    const special = finite.map((values) => values.slice());
    special[1]![4321] = Infinity;
    special[0]![5432] = NaN;
    for (const feeds of [finite, special]) {
      const results: (readonly unknown[])[] = [];
      for (const threads of [1, 2, 3]) {
        const backend = backendOf(new Runtime({ threads, winograd: "always" }));
        results.push(await backend.compile(program).run(feeds, []));
        backend.dispose();
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    }
  });

  it("are joined only if that is faster, and each thread has its own images", () => {
    const shares = (shape: Shape, filters: number): boolean =>
      canShare(new Runtime(), conv2dGeometry(shape, [3, 3, shape[3]!, filters], { padding: "same" }));
    expect(shares([32, 32, 32, 32], 32)).toBe(true);
    expect(shares([32, 12, 12, 64], 128)).toBe(true);
    // Small images, one image, and enough channels for memory to limit the number of partial sums.
    expect(shares([32, 8, 8, 64], 128)).toBe(false);
    expect(shares([1, 56, 56, 64], 64)).toBe(false);
    expect(shares([32, 14, 14, 512], 512)).toBe(false);
  });

  describe("are not joined", () => {
    const g = conv2dGeometry([8, 8, 8, 4], [3, 3, 4, 4], { padding: "same" });
    const all: Wanted = { results: ["input", "filters", "bias"], relu: true, pool: false };
    const operations = (p: Program): string => p.instructions.map(({ operation }) => operation).join(" ");
    const both = written(g, all);

    it("if a kernel is missing or only one of them is computed", () => {
      expect(joinGradients(both, () => false)).toEqual(both);
      const one = written(g, { ...all, results: ["input", "bias"] });
      expect(joinGradients(one, () => true)).toEqual(one);
    });

    it("with a ReLU whose result has another reader", () => {
      const passed = 6;
      const p = joinGradients({ ...both, outputs: [...both.outputs, passed] }, () => true);
      expect(operations(p)).toBe("greater where conv2dGradients result result");
      expect(p.instructions[2]?.attributes).toMatchObject({ relu: false, pool: false });
      expect(p.outputs).toEqual([7, 8, 9, 6]);
    });

    it("with pooling by other windows, or of another tensor than that of ReLU", () => {
      const pooled = written(g, { ...all, pool: true });
      const wide = pool2dGeometry([8, 8, 8, 4], { kernelSize: 3, stride: 2, geometry: "floor" }, "maxPool2d");
      const change = (replace: (step: Instruction) => Instruction): string =>
        operations(
          joinGradients({ ...pooled, instructions: pooled.instructions.map((step) => replace(step)) }, () => true),
        );
      const isPool = (step: Instruction): boolean => step.operation === "maxPool2dGradient";
      const apart = "maxPool2dGradient conv2dGradients result result";
      expect(change((step) => step)).toBe("conv2dGradients result result");
      expect(change((step) => (isPool(step) ? { ...step, attributes: { geometry: wide } } : step))).toBe(apart);
      expect(change((step) => (isPool(step) ? { ...step, inputs: [0, 0] } : step))).toBe(apart);
    });

    it("if one result is read before another's input is computed", () => {
      // The filters are computed after the gradient of the input, which has other filters.
      const [input, ...others] = written(g, { results: ["input", "filters"], relu: false, pool: false }).instructions;
      const late: Instruction = { operation: "negate", inputs: [1], attributes: {}, shape: convInputShape(g) };
      const p: Program = {
        ...both,
        instructions: [input!, late, { ...others[0]!, inputs: [0, 6] }],
        outputs: [5, 7],
      };
      expect(joinGradients(p, () => true)).toEqual(p);
    });

    it("if two convolutions share the same gradient: the bias is summed once", () => {
      const [input, filters, bias] = written(g, { ...all, relu: false }).instructions;
      const p: Program = {
        ...both,
        instructions: [input!, filters!, bias!, { ...input!, inputs: [0, 2] }, filters!],
        outputs: [5, 6, 7, 8, 9],
      };
      const joined = joinGradients(p, () => true);
      expect(operations(joined)).toBe("conv2dGradients result result conv2dInputGradient conv2dFilterGradient");
    });
  });
});
