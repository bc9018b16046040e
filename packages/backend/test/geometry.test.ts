import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conv2dGeometry, convTranspose2dGeometry, droppedBy, pool2dGeometry, spanOf } from "../src/index.ts";

const golden = JSON.parse(readFileSync(new URL("../../../tools/golden/seed.json", import.meta.url), "utf8"));
const conv = (input: number, window: number, options: object): ReturnType<typeof conv2dGeometry> =>
  conv2dGeometry([1, input, input, 1], [window, window, 1, 1], options);

describe("output sizes", () => {
  it("equal those of the table of CS231n: (W − F + 2P) / S + 1, or a refusal", () => {
    for (const { W, F, S, P, out, valid } of golden.outputSize) {
      const options = { stride: S, padding: P };
      if (valid) expect(conv(W, F, { ...options, geometry: "strict" }).height.output).toBe(out);
      else
        expect(() => conv(W, F, { ...options, geometry: "strict" })).toThrow(
          `whole number of positions, got ${+out.toFixed(2)}`,
        );
      expect(conv(W, F, options).height.output).toBe(Math.floor(out));
    }
  });

  it('are ⌈input / stride⌉ for "same" padding, which always fits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (input, window, stride, dilation) => {
          const { height } = conv(input, window, { stride, dilation, padding: "same", geometry: "strict" });
          expect(height.output).toBe(Math.ceil(input / stride));
          expect(height.after - height.before).toBeLessThanOrEqual(1);
          expect(height.after).toBeGreaterThanOrEqual(height.before);
        },
      ),
    );
  });

  // pooling_output_shape of PyTorch 1.13 (aten/src/ATen/native/Pool.h)
  it("are those of PyTorch's ceil_mode", () => {
    fc.assert(
      fc.property(
        fc.record({
          input: fc.integer({ min: 1, max: 30 }),
          window: fc.integer({ min: 1, max: 4 }),
          stride: fc.integer({ min: 1, max: 6 }),
          dilation: fc.integer({ min: 1, max: 2 }),
          padding: fc.integer({ min: 0, max: 3 }),
        }),
        ({ input, window, ...options }) => {
          const { stride, dilation, padding } = options;
          let output = Math.floor((input + 2 * padding - dilation * (window - 1) - 1 + stride - 1) / stride) + 1;
          if ((output - 1) * stride >= input + padding) output--;
          // PyTorch refuses more padding than half a window.
          fc.pre(output > 0 && padding <= window / 2);
          const { height } = conv(input, window, { ...options, geometry: "ceil" });
          expect(height.output).toBe(output);
          // The padding holds all windows, and is no larger than asked if nothing was dropped.
          const reach = (output - 1) * stride + spanOf(height);
          expect(height.before + height.input + height.after).toBe(Math.max(reach, input + 2 * padding));
          expect(height.before).toBe(padding);
        },
      ),
    );
  });

  it("and the dropped numbers add up to the padded input", () => {
    fc.assert(
      fc.property(
        fc.record({
          input: fc.integer({ min: 8, max: 30 }),
          window: fc.integer({ min: 1, max: 4 }),
          stride: fc.integer({ min: 1, max: 4 }),
          dilation: fc.integer({ min: 1, max: 2 }),
          before: fc.integer({ min: 0, max: 3 }),
          after: fc.integer({ min: 0, max: 3 }),
        }),
        ({ input, window, stride, dilation, before, after }) => {
          const { width } = conv2dGeometry([1, input, input, 1], [window, window, 1, 1], {
            stride,
            dilation,
            padding: [
              [0, 0],
              [before, after],
            ],
          });
          expect(droppedBy(width)).toBeGreaterThanOrEqual(0);
          expect(droppedBy(width)).toBeLessThan(stride);
          expect((width.output - 1) * stride + spanOf(width) + droppedBy(width)).toBe(before + input + after);
        },
      ),
    );
  });

  it("of a transposed convolution are the inputs of the convolution that it reverses", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 20 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 1 }),
        (input, window, stride, padding) => {
          fc.pre(window > padding);
          const { height } = conv(input, window, { stride, padding });
          const back = convTranspose2dGeometry([1, height.output, height.output, 1], [window, window, 1, 1], {
            stride,
            padding,
            outputPadding: droppedBy(height),
          });
          expect(back.height).toEqual({ ...height, after: padding, before: padding });
        },
      ),
    );
  });

  it("accept padding in all forms", () => {
    const sides = (padding: never): number[] => {
      const { height: h, width: w } = conv(9, 3, { padding });
      return [h.before, h.after, w.before, w.after];
    };
    expect(
      [
        1,
        "valid",
        "same",
        [1, 2],
        [
          [1, 0],
          [0, 2],
        ],
      ].map((padding) => sides(padding as never)),
    ).toEqual([
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [1, 1, 1, 1],
      [1, 1, 2, 2],
      [1, 0, 0, 2],
    ]);
  });
});

describe("refusals say what is wrong and how to fix it", () => {
  const refused = {
    "a stride that does not fit": () => conv(10, 3, { stride: 2, geometry: "strict" }),
    "a window larger than the input": () => conv(4, 5, {}),
    "a window with holes that is too large": () => conv(4, 3, { dilation: 2 }),
    "a stride of 0": () => conv(8, 3, { stride: 0 }),
    "a geometry of no name": () => conv(8, 3, { geometry: "Strict" }),
    "padding of no name": () => conv(8, 3, { padding: "SAME" }),
    "padding of three numbers": () => conv(8, 3, { padding: [1, 1, 1] }),
    "padding of one side": () => conv(8, 3, { padding: [[1], [1]] }),
    "padding of a signal of three numbers": () =>
      conv2dGeometry(
        [1, 1, 8, 1],
        [1, 3, 1, 1],
        {
          padding: [
            [0, 0],
            [1, 1, 1],
          ] as never,
        },
        "conv1d",
      ),
    "a stride of three numbers": () => conv(8, 3, { stride: [1, 2, 3] }),
    "a pooling window without a kernel size": () => pool2dGeometry([1, 8, 8, 1], {} as never),
    "padding of a half": () => conv(8, 3, { padding: 0.5 }),
    "an image without a batch axis": () => conv2dGeometry([28, 28, 1], [3, 3, 1, 8]),
    "filters of other channels": () => conv2dGeometry([32, 28, 28, 3], [3, 3, 1, 8]),
    "groups that do not divide the filters": () => conv2dGeometry([1, 8, 8, 4], [3, 3, 2, 3], { groups: 2 }),
    "pooling windows in the padding": () => pool2dGeometry([1, 8, 8, 1], { kernelSize: 2, padding: 2 }),
    "a transposed convolution that leaves nothing": () =>
      convTranspose2dGeometry([1, 1, 1, 1], [2, 2, 1, 1], { padding: 1 }),
    "an outputPadding as large as the stride": () =>
      convTranspose2dGeometry([1, 4, 4, 1], [2, 2, 1, 1], { stride: 2, outputPadding: 2 }),
    "a transposed convolution of other channels": () => convTranspose2dGeometry([1, 4, 4, 3], [2, 2, 1, 1]),
  };
  for (const [name, work] of Object.entries(refused))
    it(name, () => {
      let message = "";
      try {
        work();
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatchSnapshot();
    });
});
