import { describe, expect, it } from "vitest";
import { Conv1d, ConvTranspose2d, Dense, Flatten, LocallyConnected2d, sequential } from "@convlens/layers";
import { alexNet, lenet5, resnet18, vgg16 } from "@convlens/layers/models";
import { formatVolumeTable, volumeTable } from "../src/index.ts";

describe("volumeTable", () => {
  it("of VGG-16 equals the one in the notes of CS231n, row by row", () => {
    const { rows, memory, weights, parameters } = volumeTable(vgg16(), [224, 224, 3]);
    expect(rows.map(({ name, shape, memory: numbers, weights: own }) => [name, shape.join("x"), numbers, own])).toEqual(
      [
        ["INPUT", "224x224x3", 150528, 0],
        ["CONV3-64", "224x224x64", 3211264, 1728],
        ["CONV3-64", "224x224x64", 3211264, 36864],
        ["POOL2", "112x112x64", 802816, 0],
        ["CONV3-128", "112x112x128", 1605632, 73728],
        ["CONV3-128", "112x112x128", 1605632, 147456],
        ["POOL2", "56x56x128", 401408, 0],
        ["CONV3-256", "56x56x256", 802816, 294912],
        ["CONV3-256", "56x56x256", 802816, 589824],
        ["CONV3-256", "56x56x256", 802816, 589824],
        ["POOL2", "28x28x256", 200704, 0],
        ["CONV3-512", "28x28x512", 401408, 1179648],
        ["CONV3-512", "28x28x512", 401408, 2359296],
        ["CONV3-512", "28x28x512", 401408, 2359296],
        ["POOL2", "14x14x512", 100352, 0],
        ["CONV3-512", "14x14x512", 100352, 2359296],
        ["CONV3-512", "14x14x512", 100352, 2359296],
        ["CONV3-512", "14x14x512", 100352, 2359296],
        ["POOL2", "7x7x512", 25088, 0],
        ["FC", "1x1x4096", 4096, 102760448],
        ["FC", "1x1x4096", 4096, 16777216],
        ["FC", "1x1x1000", 1000, 4096000],
      ],
    );
    // The notes say "TOTAL memory: 24M * 4 bytes ~= 93MB / image"; their own rows add up to less.
    expect(memory).toBe(15_237_608);
    expect(((4 * memory) / 2 ** 20).toFixed(1)).toBe("58.1");
    expect(weights).toBe(138_344_128);
    expect(parameters).toBe(138_357_544);
    expect(rows[19]!.weights / weights).toBeCloseTo(0.7428, 4);
    expect(rows.slice(1, 19).map(({ receptiveField }) => [receptiveField!.size, receptiveField!.jump])).toEqual([
      ...[3, 5].map((size) => [size, 1]),
      ...[6, 10, 14].map((size) => [size, 2]),
      ...[16, 24, 32, 40].map((size) => [size, 4]),
      ...[44, 60, 76, 92].map((size) => [size, 8]),
      ...[100, 132, 164, 196].map((size) => [size, 16]),
      [212, 32],
    ]);
  });

  it("is printed as in the notes", () => {
    const text = formatVolumeTable(volumeTable(vgg16(), [224, 224, 3]));
    expect(text).toContain("CONV3-64:   [224x224x64]   memory: 224*224*64 = 3,211,264   weights: (3*3*3)*64 = 1,728\n");
    expect(text).toContain(
      "FC:         [1x1x4096]     memory: 4096 = 4,096             weights: 25088*4096 = 102,760,448\n",
    );
    expect(text).toContain("memory: 15,237,608 numbers, 58.1 MiB for each image forward");
    expect(text).toContain("138,344,128, and 13,416 biases and the like: 138,357,544 parameters");
  });

  it("omits normalisation over channels, and follows branches", () => {
    const names = volumeTable(alexNet({ grouped: true }), [227, 227, 3]).rows.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("POOL"))).toEqual(["POOL3", "POOL3", "POOL3"]);
    expect(volumeTable(resnet18(), [224, 224, 3]).rows.filter(({ name }) => name.startsWith("CONV"))).toHaveLength(20);
    expect(volumeTable(lenet5({ original: true }), [28, 28, 1]).rows.map(({ name }) => name)).toEqual(
      "INPUT CONV5-6 POOL2 CONV5-16 POOL2 FC FC FC".split(" "),
    );
  });

  it("accepts signals, transposed convolutions, and layers without shared weights", () => {
    expect(volumeTable(sequential([new Conv1d({ filters: 4, kernelSize: 3 })]), [9, 2]).rows[1]).toMatchObject({
      name: "CONV3-4",
      shape: [1, 7, 4],
      weightShape: [3, 2, 4],
      weights: 24,
    });
    const rows = volumeTable(
      sequential([
        new ConvTranspose2d({ filters: 3, kernelSize: [2, 3] }),
        new LocallyConnected2d({ filters: 5, kernelSize: 2 }),
        new Flatten(),
        new Dense({ units: 2 }),
      ]),
      [3, 3, 1],
    ).rows.map(({ name, shape, weights }) => [name, shape.join("x"), weights]);
    expect(rows).toEqual([
      ["INPUT", "3x3x1", 0],
      ["DECONV2x3-3", "4x5x3", 18],
      ["LOCAL", "3x4x5", 3 * 4 * 12 * 5],
      ["FC", "1x1x2", 120],
    ]);
  });
});
