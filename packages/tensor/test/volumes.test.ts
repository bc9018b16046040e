import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as t from "../src/index.ts";

const three = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<[T, T, T]> => fc.tuple(each, each, each);
const windows = fc.record({
  sizes: three(fc.integer({ min: 3, max: 6 })),
  kernelSize: three(fc.integer({ min: 1, max: 3 })),
  stride: three(fc.integer({ min: 1, max: 3 })),
  dilation: three(fc.integer({ min: 1, max: 2 })),
  padding: fc.oneof(fc.constant("same" as const), three(fc.integer({ min: 0, max: 1 }))),
  geometry: fc.constantFrom("floor" as const, "ceil" as const),
  groups: fc.integer({ min: 1, max: 2 }),
});
const backwards = <T>([a, b, c]: readonly [T, T, T]): [T, T, T] => [c, b, a];
/** Exchanges depth and width of a volume. */
const turned = (x: t.Tensor): t.Tensor => t.transpose(x, [0, 3, 2, 1, 4]);

describe.each([
  ["the reference", reference],
  ["the cpu backend", cpu],
] as const)("volumes on %s", (_, make) => {
  beforeAll(async () => t.useBackend(await make()));

  /** Whether a call gives the same whichever axis is the depth; calls whose window does not fit are skipped. */
  async function expectSymmetric(plain: () => t.Tensor, other: () => t.Tensor): Promise<void> {
    let y: t.Tensor;
    try {
      y = plain();
    } catch (error) {
      expect(other).toThrow((error as Error).constructor);
      return;
    }
    const back = turned(other());
    expect(back.shape).toEqual(y.shape);
    const [want, got] = await t.evaluate(y, back);
    got.forEach((value, i) => expect(value).toBeCloseTo(want[i]!, 4));
  }

  it("the depth is an axis like height and width", async () => {
    await fc.assert(
      fc.asyncProperty(windows, async ({ sizes, kernelSize, groups, ...window }) => {
        const { stride, dilation, padding, geometry } = window;
        const options = { stride, dilation, padding, geometry };
        const mirrored = {
          stride: backwards(stride),
          dilation: backwards(dilation),
          padding: padding === "same" ? padding : backwards(padding),
          geometry,
        };
        const x = t.tensor(await t.normal([1, ...sizes, 2 * groups]).data(), [1, ...sizes, 2 * groups]);
        const shape = [...kernelSize, 2, 2 * groups];
        const filters = t.tensor(await t.normal(shape).data(), shape);
        const turnedFilters = t.transpose(filters, [2, 1, 0, 3, 4]);
        await expectSymmetric(
          () => t.conv3d(x, filters, { ...options, groups }),
          () => t.conv3d(turned(x), turnedFilters, { ...mirrored, groups }),
        );
        for (const pool of [t.maxPool3d, t.averagePool3d])
          await expectSymmetric(
            () => pool(x, { ...options, kernelSize }),
            () => pool(turned(x), { ...mirrored, kernelSize: backwards(kernelSize) }),
          );
      }),
      { numRuns: 40 },
    );
  });

  it("one plane is an image", async () => {
    const x = t.tensor(await t.normal([2, 1, 6, 5, 3]).data(), [2, 1, 6, 5, 3]);
    const filters = t.tensor(await t.normal([1, 3, 2, 3, 4]).data(), [1, 3, 2, 3, 4]);
    const image = t.reshape(x, [2, 6, 5, 3]);
    const [volume, plane] = await t.evaluate(
      t.conv3d(x, filters, { stride: [1, 2, 1] }),
      t.conv2d(image, t.reshape(filters, [3, 2, 3, 4]), { stride: [2, 1] }),
    );
    expect(volume).toEqual(plane);
    const [largest, same] = await t.evaluate(
      t.maxPool3d(x, { kernelSize: [1, 2, 2] }),
      t.maxPool2d(image, { kernelSize: 2 }),
    );
    expect(largest).toEqual(same);
  });
});
