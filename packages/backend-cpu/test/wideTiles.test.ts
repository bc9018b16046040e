import {
  conv2dGeometry,
  pool2dGeometry,
  poolOutputShape,
  convInputShape,
  convOutputShape,
  Random,
  sizeOf,
  type Backend,
  type Program,
  type Shape,
  type Values,
} from "@convlens/backend";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { plainMachine } from "../src/assembler/function.ts";
import { cpu } from "../src/index.ts";

// Uses the tile of wide vectors on every engine. An engine that can pack vectors does so.
vi.mock(import("../src/chooseMachine.ts"), async (original) => {
  const { WIDE } = await original();
  return { chooseMachine: ({ mayPack }) => (mayPack ? { ...plainMachine, tile: WIDE } : plainMachine) };
});
vi.mock(import("../src/wide.ts"), async (original) => ({ ...(await original()), canAskToPack: () => true }));

let backends: readonly Backend[];
beforeAll(async () => (backends = [await cpu({ threads: 2 }), await cpu({ threads: 2, wide: "auto" })]));
afterAll(() => backends.forEach((backend) => backend.dispose()));

/** Expects the same result of one instruction on random numbers, without and with wide vectors. */
async function expectSameBits(
  instruction: Pick<Program["instructions"][number], "operation" | "attributes" | "shape">,
  feeds: readonly Shape[],
  seed: number,
): Promise<void> {
  const random = new Random(seed);
  const values = feeds.map((shape) => random.uniform(sizeOf(shape), -1, 1));
  const inputs = feeds.map((_, i) => i);
  const program = { feeds, variables: [], constants: [], instructions: [{ ...instruction, inputs }], updates: [] };
  const results = backends.map((backend) => backend.compile({ ...program, outputs: [feeds.length] }).run(values, []));
  const [[narrow], [wide]] = (await Promise.all(results)) as [Values[], Values[]];
  expect(wide?.length).toBe(sizeOf(instruction.shape));
  expect(wide, instruction.operation).toEqual(narrow);
}

const channels = fc.integer({ min: 1, max: 40 });
const size = fc.integer({ min: 1, max: 12 });

describe("wide vectors", () => {
  it("give the same bits: products", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ m: channels, k: fc.oneof(channels, fc.constant(600)), n: channels }),
        fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean(), batch: fc.integer({ min: 1, max: 3 }) }),
        fc.nat(),
        async ({ m, k, n }, { transposeA, transposeB, batch }, seed) => {
          const feeds = [
            [batch, ...(transposeA ? [k, m] : [m, k])],
            [batch, ...(transposeB ? [n, k] : [k, n])],
          ];
          const matmul = { operation: "matmul", attributes: { transposeA, transposeB }, shape: [batch, m, n] } as const;
          await expectSameBits(matmul, feeds, seed);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("give the same bits: convolutions and their gradients", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ batch: fc.integer({ min: 1, max: 3 }), height: size, width: size, c: channels, f: channels }),
        fc.record({
          window: fc.constantFrom(1, 3, 3, 5),
          stride: fc.constantFrom(1, 1, 2),
          groups: fc.constantFrom(1, 1, 2, "depthwise" as const),
        }),
        fc.nat(),
        async ({ batch, height, width, c, f }, { window, stride, ...how }, seed) => {
          const isDepthwise = how.groups === "depthwise";
          const groups = how.groups === "depthwise" ? c : how.groups;
          const filters = [window, window, isDepthwise ? 1 : c, isDepthwise ? c : f * groups];
          const input = [batch, height, width, isDepthwise ? c : c * groups];
          const geometry = conv2dGeometry(input, filters, { stride, groups, padding: "same" });
          const [x, y] = [convInputShape(geometry), convOutputShape(geometry)];
          for (const [operation, feeds, shape] of [
            ["conv2d", [x, filters], y],
            ["conv2dInputGradient", [y, filters], x],
            ["conv2dFilterGradient", [y, x], filters],
          ] as const) {
            await expectSameBits({ operation, attributes: { geometry }, shape }, feeds, seed);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("give the same bits: pooling and elementwise operations", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          height: size,
          width: size,
          c: channels,
          window: fc.constantFrom(1, 2, 3),
          stride: fc.constantFrom(1, 2),
        }),
        fc.nat(),
        async ({ height, width, c, window, stride }, seed) => {
          const x = [2, height, width, c];
          const geometry = pool2dGeometry(x, { kernelSize: window, stride, padding: "same" });
          const y = poolOutputShape(geometry);
          for (const [operation, feeds, shape] of [
            ["maxPool2d", [x], y],
            ["maxPool2dGradient", [y, x], x],
            ["sumPool2d", [x], y],
            ["sumPool2dGradient", [y], x],
          ] as const) {
            await expectSameBits({ operation, attributes: { geometry }, shape }, feeds, seed);
          }
          for (const operation of ["add", "exp", "sigmoid", "tanh", "relu", "greater"] as const) {
            const feeds = operation === "add" || operation === "greater" ? [x, [c]] : [x];
            await expectSameBits({ operation, attributes: {}, shape: x }, feeds, seed);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
