import { conv2dGeometry, Random, type Backend } from "@convlens/backend";
import { beforeAll, describe, expect, it } from "vitest";
import golden from "../../../tools/golden/seed.json" with { type: "json" };
import * as t from "../src/index.ts";
import type { Tensor } from "../src/index.ts";

const numbers = async (x: Tensor): Promise<number[]> => [...(await x.data())];
const line = (values: readonly number[]): Tensor => t.tensor(values, [1, values.length, 1]);
const kernel = (values: readonly number[]): Tensor => t.tensor(values, [values.length, 1, 1]);

/**
 * Tests the worked examples of the texts on which Convlens is based, from tools/golden/seed.json.
 *
 * @param digits - Number of correct decimal places of results that are not exact.
 */
export function seed(name: string, make: () => Backend | Promise<Backend>, digits: number): void {
  describe(name, () => {
    beforeAll(async () => t.useBackend(await make()));

    describe("the running demo of CS231n: 5 × 5 × 3, two filters of 3 × 3 × 3, stride 2, padding 1", () => {
      const { X, W, b, O, grad_ones: gradients } = golden.convDemo;
      // The texts have channels first: [c, h, w] and [f, c, kh, kw].
      const make = (): { x: Tensor; filters: Tensor; bias: Tensor; y: Tensor } => {
        const x = t.reshape(t.transpose(t.tensor(X), [1, 2, 0]), [1, 5, 5, 3]);
        const filters = t.transpose(t.tensor(W), [2, 3, 1, 0]);
        const bias = t.tensor(b);
        return {
          x,
          filters,
          bias,
          y: t.add(t.conv2d(x, filters, { stride: 2, padding: 1, geometry: "strict" }), bias),
        };
      };

      it("forward", async () => {
        const { y } = make();
        expect(await numbers(t.transpose(y, [0, 3, 1, 2]))).toEqual(O.flat(2));
        expect(y.shape).toEqual([1, 3, 3, 2]);
      });

      it("and its three gradients", async () => {
        const { x, filters, bias, y } = make();
        const [dx, dfilters, dbias] = t.gradients(y, [x, filters, bias]);
        expect(await numbers(t.transpose(dx, [0, 3, 1, 2]))).toEqual(gradients.dX.flat(2));
        expect(await numbers(t.transpose(dfilters, [3, 2, 0, 1]))).toEqual(gradients.dW.flat(3));
        expect(await numbers(dbias)).toEqual(gradients.db);
        expect([await t.sum(dx).item(), await t.sum(dfilters).item()]).toEqual([23, 316]);
      });

      it("as a product of what each position sees with the filters (im2col): 27 numbers for each of 9 positions", async () => {
        const { x, filters, bias, y } = make();
        const seen = t.reshape(t.patches(x, { kernelSize: 3, stride: 2, padding: 1 }), [9, 27]);
        expect(await numbers(t.add(t.matmul(seen, t.reshape(filters, [27, 2])), bias))).toEqual(await numbers(y));
      });
    });

    describe("kernels that slide along a line", () => {
      const { x, w, S1, S2 } = golden.strideFig;
      it("stride 1 and 2; stride 3 does not fit", async () => {
        expect(await numbers(t.conv1d(line(x), kernel(w)))).toEqual(S1);
        expect(await numbers(t.conv1d(line(x), kernel(w), { stride: 2 }))).toEqual(S2);
        expect(() => t.conv1d(line(x), kernel(w), { stride: 3, geometry: "strict" })).toThrow(/does not fit/);
      });

      it("dilation", async () => {
        const { x: signal, w: taps, d1, d2 } = golden.dilation;
        expect(await numbers(t.conv1d(line(signal), kernel(taps)))).toEqual(d1);
        expect(await numbers(t.conv1d(line(signal), kernel(taps), { dilation: 2 }))).toEqual(d2);
      });

      it("a convolution in the mathematical sense is one with the kernel flipped", async () => {
        const convolve = (a: readonly number[], c: readonly number[]): Promise<number[]> =>
          numbers(t.conv1d(line(a), t.flip(kernel(c), 0), { padding: [c.length - 1, c.length - 1] }));
        const close = (got: readonly number[], want: readonly number[]): void =>
          got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, digits));
        close(await convolve([0.5, 0.3, 0.2], [0.1, 0.6, 0.3]), golden.mathConv.fg);
        close(await convolve([0.1, 0.6, 0.3], [0.5, 0.3, 0.2]), golden.mathConv.fg);
        close(await convolve([1, 1, 1], [1, 1, 1]), golden.mathConv.box);
        close(await convolve([1, 2, 3], [0, 1, 0.5]), golden.mathConv.npConv);
      });

      it("as a matrix with the same numbers on every diagonal (Toeplitz)", async () => {
        // Each column of the matrix is the convolution of a unit vector.
        const taps = kernel([2, -3]);
        const columns = await numbers(t.conv1d(t.reshape(t.transpose(t.oneHot(t.range(9), 9)), [9, 9, 1]), taps));
        const matrix = t.transpose(t.tensor(columns, [9, 8]));
        expect(matrix.shape).toEqual(golden.toeplitz.shape);
        expect(columns.filter((v) => v !== 0)).toHaveLength(golden.toeplitz.nonzero);
        expect(columns.filter((v) => v === 0)).toHaveLength(golden.toeplitz.zeros);
        expect(new Set(columns.filter((v) => v !== 0)).size).toBe(golden.toeplitz.distinct);
        const x19 = t.range(1, 10);
        expect(await numbers(t.matmul(matrix, t.reshape(x19, [9, 1])))).toEqual(golden.toeplitz.y);
        expect(await numbers(t.conv1d(line([1, 2, 3, 4, 5, 6, 7, 8, 9]), taps))).toEqual(golden.toeplitz.viaCorr);
      });
    });

    describe("pooling", () => {
      const { x, max, avg, l2, argFlat } = golden.maxpoolFig;
      const image = (): Tensor => t.tensor(x.flat(), [1, 4, 4, 1]);

      it("keeps the largest of each block, where it stood, and a quarter of the numbers", async () => {
        const from = image();
        const y = t.maxPool2d(from, { kernelSize: 2 });
        expect(await numbers(y)).toEqual(max.flat());
        expect(await numbers(t.maxPool2dIndices(from, { kernelSize: 2 }))).toEqual(argFlat);
        const [dx] = t.gradients(y, [from]);
        const winners = (await numbers(dx)).flatMap((g, i) => (g === 1 ? [i] : []));
        expect(winners).toEqual(argFlat);
        expect(t.maxPool2d(t.zeros([1, 224, 224, 64]), { kernelSize: 2 }).shape).toEqual([1, 112, 112, 64]);
      });

      it("mean and L2", async () => {
        expect(await numbers(t.averagePool2d(image(), { kernelSize: 2 }))).toEqual(avg.flat());
        (await numbers(t.lpPool2d(image(), { kernelSize: 2 }))).forEach((v, i) =>
          expect(v).toBeCloseTo(l2.flat()[i]!, digits),
        );
      });

      it("puts back where the winners stood (switches)", async () => {
        const from = image();
        const back = t.maxUnpool2d(t.maxPool2d(from, { kernelSize: 2 }), t.maxPool2dIndices(from, { kernelSize: 2 }), {
          height: 4,
          width: 4,
        });
        expect(await numbers(back)).toEqual([0, 0, 0, 0, 0, 6, 0, 8, 3, 0, 0, 0, 0, 0, 0, 4]);
      });

      it("does not notice a shift within its block, but one across", async () => {
        const impulse = (at: number): Promise<number[]> =>
          numbers(t.maxPool1d(line([0, 1, 2, 3, 4, 5].map((i) => (i === at ? 1 : 0))), { kernelSize: 2 }));
        expect(await impulse(2)).toEqual(await impulse(3));
        expect(await impulse(3)).not.toEqual(await impulse(4));
      });
    });

    describe("what a layer is made of", () => {
      it("windows over 9 inputs: 7 copies of a neuron that sees 3, 8 of one that sees 2, then 7, or 4 after pooling, then 3", () => {
        const length = (x: Tensor): number => x.shape[1]!;
        const x = t.zeros([1, 9, 1]);
        const a = t.conv1d(x, t.zeros([2, 1, 1]));
        const pooled = t.maxPool1d(a, { kernelSize: 2 });
        expect(length(t.conv1d(x, t.zeros([3, 1, 1])))).toBe(7);
        expect([9, length(a), length(t.conv1d(a, t.zeros([2, 1, 1])))]).toEqual(golden.colah.A2B2);
        expect([9, length(a), length(pooled), length(t.conv1d(pooled, t.zeros([2, 1, 1])))]).toEqual(
          golden.colah.A2max2B2,
        );
        const size = (y: Tensor): readonly number[] => [y.shape[2]!, y.shape[1]!];
        const a2 = t.conv2d(t.zeros([1, 5, 9, 1]), t.zeros([2, 2, 1, 1]));
        const pooled2 = t.maxPool2d(a2, { kernelSize: 2 });
        expect([size(a2), size(pooled2), size(t.conv2d(pooled2, t.zeros([2, 2, 1, 1])))]).toEqual(
          golden.colah.d2_9x5_A2max2B2,
        );
      });

      it("one number of an output is the sum over the full depth of what its window sees", async () => {
        const random = new Random(1);
        const x = t.tensor(random.normal(11 * 11 * 4), [1, 11, 11, 4]);
        const filters = t.tensor(random.normal(5 * 5 * 4 * 2), [5, 5, 4, 2]);
        const bias = t.tensor([0.5, -0.25]);
        const y = t.add(t.conv2d(x, filters, { stride: 2 }), bias);
        expect(y.shape).toEqual([1, 4, 4, 2]);
        // V[2, 3, 1]: column 2, row 3, second filter
        const window = t.slice(x, [0, 6, 4, 0], [1, 5, 5, 4]);
        const second = t.reshape(t.slice(filters, [0, 0, 0, 1], [5, 5, 4, 1]), [1, 5, 5, 4]);
        const one = t.add(t.sum(t.multiply(window, second)), -0.25);
        expect((await numbers(y))[(3 * 4 + 2) * 2 + 1]).toBeCloseTo(await one.item(), digits);
      });

      it("a fully connected layer is a product with a matrix, and a convolution whose window is the whole input", async () => {
        const random = new Random(2);
        const x = t.tensor(random.normal(2 * 7 * 7 * 3), [2, 7, 7, 3]);
        const weights = t.tensor(random.normal(7 * 7 * 3 * 5), [147, 5]);
        const dense = await numbers(t.matmul(t.flatten(x), weights));
        const convolved = t.conv2d(x, t.reshape(weights, [7, 7, 3, 5]));
        expect(convolved.shape).toEqual([2, 1, 1, 5]);
        (await numbers(convolved)).forEach((v, i) => expect(v).toBeCloseTo(dense[i]!, digits));
      });

      it("a 1 × 1 convolution is the same small net at every pixel (network in network)", async () => {
        const random = new Random(3);
        const x = t.tensor(random.normal(2 * 3 * 4 * 5), [2, 3, 4, 5]);
        const weights = t.tensor(random.normal(5 * 6), [5, 6]);
        const everywhere = t.relu(t.conv2d(x, t.reshape(weights, [1, 1, 5, 6])));
        const pixels = t.relu(t.matmul(t.reshape(x, [24, 5]), weights));
        expect(await numbers(everywhere)).toEqual(await numbers(pixels));
      });

      it("AlexNet's first layer: 55 × 55 × 96 neurons that see 363 numbers each", () => {
        const { alexConv1 } = golden;
        const g = conv2dGeometry([1, 227, 227, 3], [11, 11, 3, 96], { stride: 4, geometry: "strict" });
        expect([g.height.output, g.width.output, g.outChannels]).toEqual(alexConv1.out);
        const neurons = g.height.output * g.width.output * g.outChannels;
        expect([neurons, neurons * (alexConv1.perNeuron + 1), 96 * alexConv1.perNeuron + 96]).toEqual([
          alexConv1.neurons,
          alexConv1.unshared,
          alexConv1.shared,
        ]);
        expect(t.patches(t.zeros([1, 227, 227, 3]), { kernelSize: 11, stride: 4 }).shape).toEqual([
          1,
          55,
          55,
          alexConv1.im2col[0],
        ]);
      });

      it("three 3 × 3 see as far as one 7 × 7, with fewer weights", async () => {
        const { C, three3x3, one7x7 } = golden.stack3x3;
        expect([3 * 9 * C * C, 49 * C * C]).toEqual([three3x3, one7x7]);
        const x = t.tensor(new Random(4).uniform(15), [1, 15, 1]);
        const ones = t.ones([3, 1, 1]);
        const seen = async (y: Tensor): Promise<number> => {
          const [dx] = t.gradients(t.slice(y, [0, Math.floor(y.shape[1]! / 2), 0], [1, 1, 1]), [x]);
          return (await numbers(dx)).filter((g) => g !== 0).length;
        };
        let [plain, dilated]: Tensor[] = [x, x];
        for (const [i, dilation] of [1, 2, 4].entries()) {
          plain = t.conv1d(plain!, ones);
          dilated = t.conv1d(dilated!, ones, { dilation });
          expect(await seen(plain)).toBe(golden.stack3x3.rf[i]);
          expect(await seen(dilated)).toBe(golden.stack3x3.dilated_1_2_4[i]);
        }
      });

      it("chance loses ln 10 of ten classes, ln 1000 of a thousand", async () => {
        const loss = (classes: number): Promise<number> =>
          t.softmaxCrossEntropy(t.zeros([classes]), t.oneHot(t.tensor(3), classes)).item();
        expect(await loss(10)).toBeCloseTo(golden.chanceLoss.c10, digits);
        expect(await loss(1000)).toBeCloseTo(golden.chanceLoss.c1000, digits);
      });
    });
  });
}
