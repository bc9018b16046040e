import { readFileSync } from "node:fs";
import type { Shape } from "@convlens/backend";
import { zeros } from "@convlens/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  build,
  Conv2d,
  formatSummary,
  LocallyConnected2d,
  parameters,
  ReLU,
  Sequential,
  summary,
  variables,
  type Layer,
} from "../src/index.ts";
import {
  alexNet,
  autoencoder,
  convNetJsCifar,
  convNetJsMnist,
  dcgan,
  lenet5,
  mobileNetV2,
  resnet18,
  resnet1d,
  resnet50,
  squeezeNet,
  unet,
  vgg16,
  type UNetOptions,
} from "../src/models/index.ts";

const golden = JSON.parse(readFileSync(new URL("../../../tools/golden/seed.json", import.meta.url), "utf8"));

describe("the parameters and multiply-adds of well-known nets", () => {
  it("LeNet-5", () => {
    expect(summary(lenet5(), [28, 28, 1])).toMatchObject({
      parameters: golden.lenet5.params,
      multiplyAdds: golden.lenet5.macs,
    });
    expect(formatSummary(summary(lenet5(), [28, 28, 1]))).toMatchInlineSnapshot(`
      "layer               output        parameters  multiply-adds
      input               [28, 28, 1]
      layers.0 Conv2d     [28, 28, 6]          156        117,600
      layers.1 ReLU       [28, 28, 6]            0              0
      layers.2 MaxPool2d  [14, 14, 6]            0              0
      layers.3 Conv2d     [10, 10, 16]       2,416        240,000
      layers.4 ReLU       [10, 10, 16]           0              0
      layers.5 MaxPool2d  [5, 5, 16]             0              0
      layers.6 Flatten    [400]                  0              0
      layers.7 Dense      [120]             48,120         48,000
      layers.8 ReLU       [120]                  0              0
      layers.9 Dense      [84]              10,164         10,080
      layers.10 ReLU      [84]                   0              0
      layers.11 Dense     [10]                 850            840
      total                                 61,706        416,520"
    `);
  });

  it("AlexNet, on one card and on two", () => {
    const single = summary(alexNet(), [224, 224, 3]);
    expect(single.parameters).toBe(golden.torchvisionAlexNet.params);
    expect(single.multiplyAdds / 1e9).toBeCloseTo(golden.torchvisionAlexNet.GMAC, 12);
    expect(single.rows[0]?.dropped).toBe("1 row and 1 column");
    const grouped = summary(alexNet({ grouped: true }), [227, 227, 3]);
    expect(grouped.parameters).toBe(golden.alexNetGrouped);
    expect(grouped.rows[0]).toMatchObject({ outputShape: golden.alexConv1.out, parameters: golden.alexConv1.shared });
  });

  it("VGG-16, row by row of the table of CS231n", () => {
    const model = vgg16();
    const { rows, parameters: total, multiplyAdds } = summary(model, [224, 224, 3]);
    expect(total).toBe(golden.vgg16.params);
    expect(multiplyAdds).toBe(golden.vgg16.macs);
    const counted = rows.filter(({ type }) => type === "Conv2d" || type === "MaxPool2d" || type === "Dense");
    const table = golden.vgg16.rows.slice(1) as { s: number[]; mem: number; w: number }[];
    expect(counted).toHaveLength(table.length);
    counted.forEach((row, i) => {
      const biases = row.parameters > 0 ? row.outputShape.at(-1)! : 0;
      expect(row.outputShape.reduce((a, b) => a * b)).toBe(table[i]!.mem);
      expect(row.parameters - biases).toBe(table[i]!.w);
    });
    expect(table.reduce((sum, row) => sum + row.mem, 150528)).toBe(golden.vgg16.totalActivations);
    expect(
      [...parameters(model)].filter(([path]) => path.endsWith("bias")).reduce((sum, [, v]) => sum + v.size, 0),
    ).toBe(golden.vgg16.biases);
  });

  it("ResNet-18", () => {
    const model = resnet18();
    const { parameters: total, multiplyAdds } = summary(model, [224, 224, 3]);
    expect(total).toBe(golden.resnet18.params);
    expect(multiplyAdds / 1e9).toBeCloseTo(golden.resnet18.GMAC, 12);
    // Running means and variances are not trained.
    expect(variables(model).size - parameters(model).size).toBe(40);
  });

  // Parameters and GFLOPS of the documentation of torchvision 0.14.
  it.each<[string, Layer, number, number]>([
    ["ResNet-50", resnet50(), 25_557_032, 4.09],
    ["Wide ResNet-50-2", resnet50({ width: 2 }), 68_883_240, 11.4],
    ["MobileNetV2", mobileNetV2(), 3_504_872, 0.3],
    ["SqueezeNet 1.0", squeezeNet({ version: "1.0" }), 1_248_424, 0.82],
    ["SqueezeNet 1.1", squeezeNet(), 1_235_496, 0.35],
  ])("%s", (_, model, count, billions) => {
    const { parameters: total, multiplyAdds, rows } = summary(model, [224, 224, 3]);
    expect(total).toBe(count);
    expect(multiplyAdds / 1e9).toBeCloseTo(billions, 2);
    expect(rows.at(-1)?.outputShape).toEqual([1000]);
  });

  it("U-Net: milesial/Pytorch-UNet (two classes, one class), mateuszbuda/brain-segmentation-pytorch", () => {
    const count = (options: UNetOptions): number => summary(unet(options), [64, 64, 3]).parameters;
    expect(count({})).toBe(31_037_698);
    expect(count({ classes: 1 })).toBe(31_037_633);
    expect(count({ classes: 1, filters: 32 })).toBe(7_763_041);
  });

  it("DCGAN: the tutorial of PyTorch", () => {
    const { generator, discriminator } = dcgan();
    expect(summary(generator, [100])).toMatchObject({ parameters: 3_576_704 });
    expect(summary(discriminator, [64, 64, 3])).toMatchObject({ parameters: 2_765_568 });
  });

  it("the nets of ConvNetJS", () => {
    expect(summary(convNetJsMnist(), [24, 24, 1]).rows.at(-1)?.outputShape).toEqual([10]);
    // 5·5·8 + 8, 5·5·8·16 + 16, and from 28 pixels 4·4·16·10 + 10
    expect(summary(convNetJsMnist(), [28, 28, 1]).parameters).toBe(208 + 3216 + 2570);
    // 5·5·3·16 + 16, 5·5·16·20 + 20, 5·5·20·20 + 20, 4·4·20·10 + 10
    expect(summary(convNetJsCifar(), [32, 32, 3]).parameters).toBe(1216 + 8020 + 10020 + 3210);
  });
});

describe("models for images and signals of other sizes", () => {
  const outputOf = (model: Layer, shape: Shape): Shape =>
    build(model, shape)
      .call(zeros([2, ...shape]))
      .shape.slice(1);

  it("U-Net and autoencoders return images as large as their input", () => {
    const side = fc.integer({ min: 1, max: 21 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 3 }), (height, width, depth) => {
        const shape = [height, width, 2];
        expect(outputOf(unet({ classes: 3, filters: 2, depth }), shape)).toEqual([height, width, 3]);
        const half = (size: number): number => Math.ceil(size / 2 ** depth);
        for (const code of [undefined, 5]) {
          const model = autoencoder({ shape, filters: 2, depth, ...(code !== undefined && { code }) });
          expect(outputOf(model, shape)).toEqual(shape);
          expect(outputOf(model.encoder, shape)).toEqual(
            code === undefined ? [half(height), half(width), 2 ** depth] : [code],
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  it("classifiers take small images, the 1-D ResNet any signal", () => {
    const options = { classes: 3, width: 0.25 };
    for (const model of [resnet50(options), mobileNetV2(options), squeezeNet({ classes: 3 })])
      expect(outputOf(model, [33, 32, 1])).toEqual([3]);
    expect(outputOf(resnet1d({ classes: 4, filters: 2 }), [37, 3])).toEqual([4]);
  });

  it("DCGAN: the discriminator takes what the generator makes", () => {
    for (const size of [8, 16, 32]) {
      const { generator, discriminator } = dcgan({ size, channels: 2, latent: 7, filters: 2 });
      const image = outputOf(generator, [7]);
      expect(image).toEqual([size, size, 2]);
      expect(outputOf(discriminator, image)).toEqual([1]);
    }
  });
});

describe("published counts", () => {
  const options = { kernelSize: 11, stride: 4, filters: 96 };

  it("include the first convolution of AlexNet, with and without shared weights", () => {
    const { unshared, shared, out } = golden.alexConv1;
    expect(summary(new Conv2d(options), [227, 227, 3])).toMatchObject({
      parameters: shared,
      rows: [{ outputShape: out }],
    });
    expect(summary(new LocallyConnected2d(options), [227, 227, 3]).parameters).toBe(unshared);
  });

  it("include the demo of CS231n", () => {
    const demo = new Conv2d({ filters: 2, kernelSize: 3, stride: 2, padding: 1 });
    const { parameters: count, multiplyAdds } = summary(demo, [5, 5, 3]);
    expect(count).toBe(golden.convDemo.params);
    expect(multiplyAdds).toBe(golden.convDemo.steps * golden.convDemo.macsPerStep);
  });

  it("include three convolutions of 64 filters at 224 pixels", () => {
    const conv = (): Conv2d => new Conv2d({ filters: 64, kernelSize: 3, padding: 1 });
    const { rows } = summary(new Sequential([conv(), conv(), conv()]), [224, 224, 3]);
    const maps = rows.reduce((sum, { outputShape }) => sum + outputShape.reduce((a, b) => a * b), 0);
    expect(maps).toBe(golden.threeConvs224.acts);
  });

  it("include VGG-16 as a convolutional net: 36 crops of a larger image at once", () => {
    const features = vgg16().layers.slice(0, 31);
    const conv = (filters: number, kernelSize: number): Conv2d => new Conv2d({ filters, kernelSize });
    const model = new Sequential([...features, conv(4096, 7), new ReLU(), conv(4096, 1), new ReLU(), conv(1000, 1)]);
    const sides = summary(model, [384, 384, 3]).rows.map(({ outputShape }) => outputShape[0]);
    const [small, before, after] = golden.fc2conv.sizes;
    expect(sides.slice(30)).toEqual([before, after, after, after, after, after]);
    expect(summary(model, [224, 224, 3]).rows[30]?.outputShape[0]).toBe(small);
    expect(after * after).toBe(golden.fc2conv.crops);
    expect([...parameters(model).values()].reduce((sum, { size }) => sum + size, 0)).toBe(golden.vgg16.params);
  });
});
