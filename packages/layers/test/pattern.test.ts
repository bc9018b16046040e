import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Conv2d,
  Dense,
  expandPattern,
  formatPattern,
  fromPattern,
  parsePattern,
  summary,
  type Pattern,
  type PatternPart,
} from "../src/index.ts";

/** The general pattern of CS231n, and the four that it names. */
const general = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC";
const examples: [pattern: string, words: string][] = [
  ["INPUT -> FC", "FC"],
  ["INPUT -> CONV -> RELU -> FC", "CONV RELU FC"],
  ["INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", "CONV RELU POOL CONV RELU POOL FC RELU FC"],
  [
    "INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC",
    `${"CONV RELU CONV RELU POOL ".repeat(3)}FC RELU FC RELU FC`,
  ],
];

const { pattern: anyPattern } = fc.letrec<{ part: PatternPart; pattern: Pattern }>((tie) => ({
  part: fc
    .record({
      part: fc.oneof({ maxDepth: 3 }, fc.constantFrom("CONV", "RELU", "POOL", "FC"), tie("pattern")),
      times: fc.option(fc.oneof(fc.constantFrom(0, 2, 3, 17), fc.constantFrom("N", "M", "k")), { nil: undefined }),
      optional: fc.constantFrom(undefined, true as const),
    })
    .map(({ part, times, optional }) => ({
      part: part as PatternPart["part"],
      ...(times !== undefined && { times }),
      ...(optional && { optional }),
    })),
  pattern: fc.array(tie("part"), { minLength: 1, maxLength: 4 }),
}));

describe("patterns in the notation of CS231n", () => {
  it("are read as they are written", () => {
    fc.assert(
      fc.property(anyPattern, (pattern) => {
        expect(parsePattern(formatPattern(pattern))).toEqual(pattern);
      }),
    );
    for (const text of [general, ...examples.map(([pattern]) => pattern)])
      expect(formatPattern(parsePattern(text))).toBe(text);
  });

  it("whatever the spaces", () => {
    expect(parsePattern("INPUT->[CONV ->RELU] * 2\n-> POOL ?->FC")).toEqual(
      parsePattern("INPUT -> [CONV -> RELU]*2 -> POOL? -> FC"),
    );
  });

  it.each(examples)("%s", (pattern, words) => expect(expandPattern(pattern).join(" ")).toBe(words));

  it("take numbers for letters, and leave out what is optional", () => {
    const repeats = { N: 2, M: 2, K: 1 };
    expect(expandPattern(general, { repeats }).join(" ")).toBe(
      "CONV RELU CONV RELU POOL CONV RELU CONV RELU POOL FC RELU FC",
    );
    expect(expandPattern(general, { repeats, optional: false }).join(" ")).toBe(
      "CONV RELU CONV RELU CONV RELU CONV RELU FC RELU FC",
    );
    expect(expandPattern(general, { repeats: { N: 3, M: 0, K: 0 } })).toEqual(["FC"]);
  });

  it.each([
    ["", "expected INPUT at column 1, got the end"],
    ["CONV -> FC", "expected INPUT at column 1, got CONV"],
    ["INPUT", "expected -> at column 6, got the end"],
    ["INPUT -> ", "expected CONV, RELU, POOL, FC or [ at column 10, got the end"],
    ["INPUT -> CONVV", "expected CONV, RELU, POOL, FC or [ at column 10, got CONVV"],
    ["INPUT -> [CONV -> RELU -> FC", "expected ] at column 29, got the end"],
    ["INPUT -> CONV] -> FC", "expected -> or the end at column 14, got ]"],
    ["INPUT -> CONV*-1", "expected a number or a letter at column 15, got -"],
    ["INPUT -> CONV*two", "expected a number or a letter at column 15, got two"],
    ["INPUT -> CONV => FC", "expected -> or the end at column 15, got ="],
    ["INPUT -> CONV?? -> FC", "expected -> or the end at column 15, got ?"],
  ])("say where they cannot be understood: %s", (pattern, sentence) => {
    const column = Number(/column (\d+)/.exec(sentence)![1]);
    expect(() => parsePattern(pattern)).toThrow(`parsePattern: ${sentence}:\n${pattern}\n${" ".repeat(column - 1)}^`);
  });

  it("never fail in another way", () => {
    const pieces = fc.constantFrom("INPUT", "CONV", "FC", "->", "[", "]", "*", "2", "N", "?", " ", "ü", "{");
    fc.assert(
      fc.property(fc.array(pieces), (found) => {
        try {
          parsePattern(found.join(""));
        } catch (error) {
          expect((error as Error).message).toContain("^");
        }
      }),
    );
  });

  it("need a number for every letter", () => {
    expect(() => expandPattern("INPUT -> CONV*N -> FC")).toThrow(
      "expected a whole number for N as in { repeats: { N: 2 } }",
    );
    expect(() => expandPattern("INPUT -> CONV*N", { repeats: { N: 1.5 } })).toThrow("got 1.5");
  });
});

describe("models from patterns", () => {
  it("have the layers of the pattern, a Flatten before the first FC", () => {
    const model = fromPattern("INPUT -> [[CONV -> RELU]*2 -> POOL]*2 -> [FC -> RELU]*2 -> FC", {
      filters: 8,
      kernelSize: 5,
      units: 32,
      classes: 7,
    });
    const { rows } = summary(model, [16, 16, 3]);
    expect(rows.map(({ type, outputShape }) => `${type} ${outputShape.join("x")}`)).toEqual([
      "Conv2d 16x16x8",
      "Relu 16x16x8",
      "Conv2d 16x16x8",
      "Relu 16x16x8",
      "MaxPool2d 8x8x8",
      "Conv2d 8x8x8",
      "Relu 8x8x8",
      "Conv2d 8x8x8",
      "Relu 8x8x8",
      "MaxPool2d 4x4x8",
      "Flatten 128",
      "Dense 32",
      "Relu 32",
      "Dense 32",
      "Relu 32",
      "Dense 7",
    ]);
  });

  it("have twice the filters after each POOL, unless told otherwise", () => {
    const filtersOf = (...options: Parameters<typeof fromPattern>): number[] =>
      fromPattern(...options).layers.flatMap((layer) => (layer instanceof Conv2d ? [layer.options.filters] : []));
    const pattern = "INPUT -> [[CONV -> RELU]*2 -> POOL]*2 -> FC";
    expect(filtersOf(pattern)).toEqual([32, 32, 64, 64]);
    expect(filtersOf(pattern, { filters: (n) => n + 1 })).toEqual([1, 2, 3, 4]);
  });

  it.each(examples)("%s builds", (pattern, words) => {
    const model = fromPattern(pattern, { filters: 4, units: 16 });
    expect(summary(model, [32, 32, 3]).rows.at(-1)).toMatchObject({ type: "Dense", outputShape: [10] });
    const count = (Kind: typeof Conv2d | typeof Dense): number =>
      model.layers.filter((layer) => layer instanceof Kind).length;
    expect(count(Conv2d)).toBe(words.split("CONV").length - 1);
    expect(count(Dense)).toBe(words.split("FC").length - 1);
  });

  it("have no maps after an FC", () => {
    expect(() => fromPattern("INPUT -> FC -> POOL")).toThrow("a POOL cannot follow an FC");
    expect(() => fromPattern("INPUT -> FC -> CONV -> FC")).toThrow("a CONV cannot follow an FC");
  });
});
