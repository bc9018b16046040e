import { conv2d, matmul, multiply, reshape, Variable, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AveragePool2d,
  BatchNorm,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  DepthwiseConv2d,
  Flatten,
  formatSummary,
  LocallyConnected2d,
  LpPool2d,
  MaxPool2d,
  Parallel,
  ReLU,
  Residual,
  sequential,
  Sequential,
  summary,
  type Layer,
  type Mode,
} from "../src/index.ts";

const count = (layer: Layer, inputShape: readonly number[]): { parameters: number; multiplyAdds: number } => {
  const { parameters, multiplyAdds } = summary(layer, inputShape);
  return { parameters, multiplyAdds };
};

describe("summary counts parameters and multiply-adds", () => {
  it("of each kind of layer", () => {
    const options = { filters: 4, kernelSize: 3 };
    // 6·6 places, 3·3·2 taps, 4 filters
    expect(count(new Conv2d(options), [8, 8, 2])).toEqual({ parameters: 76, multiplyAdds: 36 * 18 * 4 });
    expect(count(new Conv2d({ ...options, groups: 2, bias: false }), [8, 8, 2])).toEqual({
      parameters: 36,
      multiplyAdds: 36 * 9 * 4,
    });
    expect(count(new Conv1d(options), [8, 2])).toEqual({ parameters: 28, multiplyAdds: 6 * 6 * 4 });
    expect(count(new DepthwiseConv2d({ kernelSize: 3 }), [8, 8, 2])).toEqual({
      parameters: 20,
      multiplyAdds: 36 * 9 * 2,
    });
    // Each of the 8·8 input pixels is multiplied by 3·3·4 weights for each of 2 channels.
    expect(count(new ConvTranspose2d({ ...options, stride: 2 }), [8, 8, 2])).toEqual({
      parameters: 76,
      multiplyAdds: 64 * 9 * 4 * 2,
    });
    // As many products as a convolution, for 36 times the parameters.
    expect(count(new LocallyConnected2d(options), [8, 8, 2])).toEqual({
      parameters: 36 * 76,
      multiplyAdds: 36 * 18 * 4,
    });
    expect(count(new Dense({ units: 5 }), [7])).toEqual({ parameters: 40, multiplyAdds: 35 });
    expect(count(new BatchNorm(), [8, 8, 2])).toEqual({ parameters: 4, multiplyAdds: 0 });
  });

  it("of three 3×3 convolutions and of one 7×7 with the same receptive field", () => {
    const conv = (kernelSize: number): Conv2d => new Conv2d({ filters: 64, kernelSize, padding: "same", bias: false });
    expect(count(sequential([conv(3), conv(3), conv(3)]), [8, 8, 64]).parameters).toBe(110_592);
    expect(count(conv(7), [8, 8, 64]).parameters).toBe(200_704);
  });

  it("of a fully connected layer, and of the equal convolution", () => {
    const dense = count(sequential([new Flatten(), new Dense({ units: 4096 })]), [7, 7, 512]);
    expect(dense.parameters).toBe(102_760_448 + 4096);
    expect(count(new Conv2d({ filters: 4096, kernelSize: 7 }), [7, 7, 512])).toEqual(dense);
  });

  it("of a layer that computes before it calls an inner layer, separately", () => {
    class Own implements Layer {
      readonly filters = new Variable(new Float32Array(9), [3, 3, 1, 1]);
      readonly inner: Layer = new Conv2d({ filters: 2, kernelSize: 1, bias: false });
      call(x: Tensor, mode?: Mode): Tensor {
        return this.inner.call(conv2d(x, this.filters), mode);
      }
    }
    const { rows } = summary(new Own(), [5, 5, 1]);
    expect(rows.map(({ path, multiplyAdds }) => [path, multiplyAdds])).toEqual([
      ["inner", 9 * 2],
      ["", 9 * 9],
    ]);
  });

  it("of custom layers, by their recorded operations", () => {
    class Own implements Layer {
      readonly filters = new Variable(new Float32Array(9), [3, 3, 1, 1]);
      readonly weights = new Variable(new Float32Array(36 * 2), [36, 2]);
      readonly mean = new Variable([0], [], { trainable: false });
      call(x: Tensor): Tensor {
        return multiply(matmul(reshape(conv2d(x, this.filters), [1, 36]), this.weights), this.mean);
      }
    }
    const expected = { parameters: 81, multiplyAdds: 36 * 9 + 36 * 2 };
    expect(count(new Own(), [8, 8, 1])).toEqual(expected);
    expect(summary(sequential([new ReLU(), new Own(), new ReLU()]), [8, 8, 1]).rows).toEqual([
      { path: "layers.0", type: "ReLU", outputShape: [8, 8, 1], parameters: 0, multiplyAdds: 0 },
      { path: "layers.1", type: "Own", outputShape: [2], ...expected },
      { path: "layers.2", type: "ReLU", outputShape: [2], parameters: 0, multiplyAdds: 0 },
    ]);
  });

  it("of a shared layer: its parameters once, its multiply-adds for each use", () => {
    const shared = new Conv2d({ filters: 1, kernelSize: 3, padding: "same" });
    const { rows } = summary(sequential([shared, shared]), [4, 4, 1]);
    expect(rows.map(({ path, parameters, multiplyAdds }) => [path, parameters, multiplyAdds])).toEqual([
      ["layers.0", 10, 144],
      ["layers.0", 0, 144],
    ]);
  });

  it("shows nested layers, and operations of containers themselves", () => {
    class Twice implements Layer {
      readonly inner = new Dense({ units: 3, bias: false });
      call(x: Tensor, mode?: Mode): Tensor {
        return matmul(this.inner.call(x, mode), this.inner.weights!, { transposeB: true });
      }
    }
    const model = new Sequential([
      new Residual({ body: sequential([new Conv2d({ filters: 2, kernelSize: 1 }), new BatchNorm()]) }),
      new Parallel([new ReLU(), new Conv2d({ filters: 1, kernelSize: 1 })]),
      new Flatten(),
      new Twice(),
    ]);
    expect(
      summary(model, [3, 3, 2]).rows.map(({ path, type, multiplyAdds }) => `${path} ${type} ${multiplyAdds}`),
    ).toEqual([
      "layers.0.body.layers.0 Conv2d 36",
      "layers.0.body.layers.1 BatchNorm 0",
      "layers.1.branches.0 ReLU 0",
      "layers.1.branches.1 Conv2d 18",
      "layers.2 Flatten 0",
      "layers.3.inner Dense 81",
      "layers.3 Twice 81",
    ]);
  });

  it("reports inputs that no window reaches", () => {
    const droppedBy = (layer: Layer, shape: number[]): string | undefined => summary(layer, shape).rows[0]!.dropped;
    expect(droppedBy(new MaxPool2d({ kernelSize: 3 }), [14, 13, 1])).toBe("2 rows and 1 column");
    expect(droppedBy(new AveragePool2d({ kernelSize: 2 }), [5, 4, 1])).toBe("1 row");
    expect(droppedBy(new Conv2d({ filters: 1, kernelSize: 3, stride: 2 }), [5, 6, 1])).toBe("1 column");
    expect(droppedBy(new LpPool2d({ kernelSize: [2, 3] }), [5, 5, 1])).toBe("1 row and 2 columns");
    expect(droppedBy(new MaxPool2d({ kernelSize: 2 }), [4, 4, 1])).toBeUndefined();
  });

  it("reports the same for LocallyConnected2d as for Conv2d", () => {
    const size = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(size, size, size, fc.constantFrom(0, 1, "same" as const), (kernelSize, stride, dilation, padding) => {
        const options = { filters: 1, kernelSize: [kernelSize, 2], stride, dilation, padding } as const;
        const [shared, separate] = [new Conv2d(options), new LocallyConnected2d(options)].map(
          (layer) => summary(layer, [9, 8, 2]).rows[0]!,
        );
        expect(separate!.dropped).toBe(shared!.dropped);
      }),
    );
  });

  it("prints as a table", () => {
    const model = sequential([
      new Conv2d({ filters: 16, kernelSize: 3, stride: 2 }),
      new ReLU(),
      new Flatten(),
      new Dense({ units: 10 }),
    ]);
    expect(formatSummary(summary(model, [32, 32, 3]))).toMatchInlineSnapshot(`
      "layer             output                                   parameters  multiply-adds
      input             [32, 32, 3]
      layers.0 Conv2d   [15, 15, 16] (drops 1 row and 1 column)         448         97,200
      layers.1 ReLU     [15, 15, 16]                                      0              0
      layers.2 Flatten  [3600]                                            0              0
      layers.3 Dense    [10]                                         36,010         36,000
      total                                                          36,458        133,200"
    `);
  });
});
