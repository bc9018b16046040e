import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { architecture, type ArchitectureAnswer } from "../src/compute/architecture.ts";
import { initialState } from "../src/fields.ts";
import {
  architecturesFields,
  bytesInWords,
  codeOf,
  hasOptional,
  lettersOf,
  nameOf,
  presetNames,
  presets,
  productsOf,
  remarkOf,
  requestOf,
  type ArchitecturesState,
  type PresetName,
} from "../src/panels/architectures/model.ts";

interface GoldenRow {
  readonly n: string;
  readonly s: number[];
  readonly mem: number;
  readonly w: number;
  readonly rf?: number;
  readonly jump?: number;
}
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8")) as {
  readonly vgg16: { rows: GoldenRow[]; totalActivations: number; weights: number; params: number; macs: number };
  readonly lenet5: { params: number; macs: number };
  readonly torchvisionAlexNet: { params: number; GMAC: number };
  readonly resnet18: { params: number; GMAC: number };
};
const first = initialState(architecturesFields);
const count = (name: PresetName, change: Partial<ArchitecturesState> = {}): Promise<ArchitectureAnswer> =>
  architecture(requestOf({ ...first, ...presets[name], ...change }));

describe("well-known nets", () => {
  it("VGG-16 has the published rows", async () => {
    const { rows, activations, weights, parameters, multiplyAdds } = await count("VGG-16");
    const { vgg16 } = golden;
    expect(
      rows.map(({ name, shape, memory, weights, receptiveField }) => ({
        n: name,
        s: [...shape],
        mem: memory,
        w: weights,
        ...(receptiveField && { rf: receptiveField.size, jump: receptiveField.jump }),
      })),
    ).toEqual(
      vgg16.rows.map((row) =>
        row.n === "POOL2" || row.n.startsWith("CONV") || !row.n.startsWith("FC")
          ? row
          : { n: "FC", s: row.s, mem: row.mem, w: row.w },
      ),
    );
    expect([activations, weights, parameters, multiplyAdds]).toEqual([
      vgg16.totalActivations,
      vgg16.weights,
      vgg16.params,
      vgg16.macs,
    ]);
    expect(remarkOf(rows)).toContain("FC (1 × 1 × 4096): 74.3 %");
  });

  it.each([
    ["LeNet-5", golden.lenet5.params, golden.lenet5.macs],
    ["AlexNet", golden.torchvisionAlexNet.params, golden.torchvisionAlexNet.GMAC * 1e9],
    ["ResNet-18", golden.resnet18.params, golden.resnet18.GMAC * 1e9],
  ] as const)("%s", async (name, parameters, products) => {
    const answer = await count(name);
    expect([answer.parameters, answer.multiplyAdds]).toEqual([parameters, products]);
  });

  it.each(presetNames)("%s: the multiply-adds of the rows add up to the total", async (name) => {
    const { rows, multiplyAdds } = await count(name);
    expect(rows.reduce((sum, row) => sum + productsOf(row), 0)).toBe(multiplyAdds);
    expect(nameOf({ ...first, ...presets[name] })).toBe(name);
    expect(codeOf({ ...first, ...presets[name] })).toContain(presets[name].pattern);
  });

  it("a larger batch takes more memory for training, and not for inference", async () => {
    const [one, many] = [await count("LeNet-5", { batch: 1 }), await count("LeNet-5", { batch: 64 })];
    expect(many.training.total).toBeGreaterThan(2 * one.training.total);
    expect(many.inference).toEqual(one.inference);
  });
});

describe("an edited pattern", () => {
  const state: ArchitecturesState = { ...first, ...presets["the pattern"] };

  it("has sliders for its letters, and a switch for optional layers", async () => {
    expect(lettersOf(state)).toEqual(["N", "M", "K"]);
    expect(lettersOf({ ...state, pattern: "INPUT -> [CONV]*2 -> FC" })).toEqual([]);
    expect(hasOptional(state)).toBe(true);
    const names = async (change: Partial<ArchitecturesState>): Promise<string> =>
      (await architecture(requestOf({ ...state, ...change }))).rows.map(({ name }) => name).join(" ");
    expect(await names({ N: 1, M: 2, K: 0 })).toBe("INPUT CONV3-32 POOL2 CONV3-64 POOL2 FC");
    expect(await names({ N: 1, M: 2, K: 1, optional: false })).toBe("INPUT CONV3-32 CONV3-32 FC FC");
  });

  it.each([
    ["INPUT -> CONVV -> FC", "did you mean CONV?"],
    ["INPUT -> [CONV -> FC", "expected ] at column 21, got the end"],
    ["INPUT -> FC -> POOL", "put all FCs last"],
    ["INPUT -> CONV*Q", "repetitions Q must be a whole number"],
    ["INPUT -> [CONV*999]*999", "This pattern has 998001 layers"],
    ["INPUT -> POOL2*9 -> FC", "layers."],
  ])("%s says what is wrong", async (pattern, sentence) => {
    await expect(architecture(requestOf({ ...state, pattern }))).rejects.toThrow(sentence);
  });

  it("drops rows and columns that no window reaches", async () => {
    const { rows } = await architecture(requestOf({ ...state, side: 7, pattern: "INPUT -> POOL2 -> FC" }));
    expect(rows[1]?.shape).toEqual([3, 3, 3]);
  });
});

it("bytes are written in the largest unit of which there is at least one", () => {
  expect(["0 bytes", "1023 bytes", "1.0 KiB", "58.1 MiB", "1.0 GiB"]).toEqual(
    [0, 1023, 1024, 60_950_432, 2 ** 30].map(bytesInWords),
  );
});
