import { reference } from "@convlens/backend-reference";
import { cpu } from "@convlens/backend-cpu";
import type { Backend } from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  evaluate,
  gather,
  gradients,
  maxUnpool2d,
  multiply,
  oneHot,
  scatter,
  tensor,
  useBackend,
} from "../src/index.ts";

const backends: Record<string, () => Backend | Promise<Backend>> = { reference: () => reference(), cpu: () => cpu() };

/** Indices, many of them invalid. */
const indices = fc.array(
  fc.oneof(fc.integer({ min: -2, max: 6 }), fc.constantFrom(-0, 0.5, 1.5, NaN, Infinity, -Infinity, 1e10, 2 ** 24)),
  { minLength: 1, maxLength: 12 },
);
const isIndex = (index: number, size: number): boolean => Number.isInteger(index) && index >= 0 && index < size;

for (const [name, make] of Object.entries(backends))
  describe(`an invalid index, on ${name},`, () => {
    it("is skipped by scatter, with a gradient of 0", async () => {
      useBackend(await make());
      await fc.assert(
        fc.asyncProperty(indices, fc.integer({ min: 1, max: 5 }), async (at, size) => {
          const rows = tensor(
            at.flatMap((_, i) => [i + 1, -i]),
            [at.length, 2],
          );
          const y = scatter(rows, tensor(at), size);
          const weights = tensor(
            Array.from({ length: 2 * size }, (_, i) => i + 1),
            [size, 2],
          );
          const [dx] = gradients(multiply(y, weights), [rows]);
          const [got, slopes] = await evaluate(y, dx);
          const want = new Float32Array(2 * size);
          const wantedSlopes = at.flatMap((index, i) => {
            if (!isIndex(index, size)) return [0, 0];
            want[2 * index]! += i + 1;
            want[2 * index + 1]! -= i;
            return [2 * index + 1, 2 * index + 2];
          });
          expect([...got].map((v) => v + 0)).toEqual([...want].map((v) => v + 0));
          expect([...slopes]).toEqual(wantedSlopes);
        }),
        { numRuns: 40 },
      );
    });

    it("gives NaN in gather and oneHot, and no gradient to any row", async () => {
      useBackend(await make());
      await fc.assert(
        fc.asyncProperty(indices, fc.integer({ min: 1, max: 5 }), async (at, size) => {
          const table = tensor(Array.from({ length: size }, (_, i) => 10 + i));
          const y = gather(table, tensor(at));
          const [dx] = gradients(y, [table]);
          const [got, slopes, hot] = await evaluate(y, dx, oneHot(tensor(at), size));
          expect([...got]).toEqual(at.map((index) => (isIndex(index, size) ? 10 + index : NaN)));
          const counts = Array.from({ length: size }, (_, i) => at.filter((index) => index + 0 === i).length);
          expect([...slopes]).toEqual(counts);
          const rows = at.flatMap((index) =>
            Array.from({ length: size }, (_, i) => (isIndex(index, size) ? Number(index + 0 === i) : NaN)),
          );
          expect([...hot]).toEqual(rows);
        }),
        { numRuns: 40 },
      );
    });

    it("is skipped by maxUnpool2d, which never writes to another example or channel", async () => {
      useBackend(await make());
      await fc.assert(
        fc.asyncProperty(indices, fc.integer({ min: 1, max: 3 }), async (at, width) => {
          const [n, c] = [at.length, 2];
          const shape = [n, 1, 1, c];
          const y = tensor(
            at.flatMap((_, i) => [i + 1, i + 101]),
            shape,
          );
          // The second channel has its own indices.
          const places = at.flatMap((index) => [index, 0]);
          const x = maxUnpool2d(y, tensor(places, shape), { height: 1, width });
          const [dy] = gradients(x, [y]);
          const [got, slopes] = await evaluate(x, dy);
          const want = at.flatMap((index, i) =>
            Array.from({ length: width }, (_, place) => [index + 0 === place ? i + 1 : 0, place === 0 ? i + 101 : 0]),
          );
          expect([...got]).toEqual(want.flat());
          expect([...slopes]).toEqual(at.flatMap((index) => [isIndex(index, width) ? 1 : 0, 1]));
        }),
        { numRuns: 40 },
      );
    });
  });
