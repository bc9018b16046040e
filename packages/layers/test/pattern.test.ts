import { ValueError } from "@convlens/backend";
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
  type Summary,
  type Pattern,
  type PatternPart,
  type PatternSize,
} from "../src/index.ts";
import { alexNet, lenet5, resnet18, vgg16 } from "../src/models/index.ts";

/** The general pattern of CS231n, and its four examples. */
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

const whole = fc.option(fc.integer({ min: 1, max: 999 }), { nil: undefined });
const given = (size: { readonly [K in keyof PatternSize]: number | undefined }): PatternSize =>
  Object.fromEntries(Object.entries(size).filter(([, value]) => value !== undefined));
/** A word with valid sizes. */
const sized = fc
  .tuple(
    fc.constantFrom("CONV", "RELU", "POOL", "FC", "NORM", "LRN", "MEAN"),
    fc.record({ window: whole, count: whole, stride: whole, padding: whole, groups: whole }),
  )
  .map(([part, { window, count, stride, padding, groups }]) => {
    const size =
      part === "CONV"
        ? given({ window, count, stride, padding, groups })
        : given(part === "POOL" ? { window, stride, padding } : part === "FC" ? { count } : {});
    return { part, ...(Object.keys(size).length > 0 && { size }) };
  });

const { pattern: anyPattern } = fc.letrec<{ part: PatternPart; pattern: Pattern }>((tie) => ({
  part: fc
    .record({
      of: fc.oneof(
        { maxDepth: 3 },
        sized,
        fc.record({ part: tie("pattern"), residual: fc.constantFrom(undefined, true as const) }),
      ),
      times: fc.option(fc.oneof(fc.constantFrom(0, 2, 3, 17), fc.constantFrom("N", "M", "k")), { nil: undefined }),
      optional: fc.constantFrom(undefined, true as const),
    })
    .map(({ of, times, optional }) => ({
      ...(Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as unknown as PatternPart),
      ...(times !== undefined && { times }),
      ...(optional && { optional }),
    })),
  pattern: fc.array(tie("part"), { minLength: 1, maxLength: 4 }),
}));

describe("patterns in the notation of CS231n", () => {
  it("are parsed into names and operators", () => {
    fc.assert(
      fc.property(anyPattern, (pattern) => {
        expect(parsePattern(formatPattern(pattern))).toEqual(pattern);
      }),
    );
    for (const text of [general, ...examples.map(([pattern]) => pattern)])
      expect(formatPattern(parsePattern(text))).toBe(text);
  });

  it("ignore white space", () => {
    expect(parsePattern("INPUT->[CONV ->RELU] * 2\n-> POOL ?->FC")).toEqual(
      parsePattern("INPUT -> [CONV -> RELU]*2 -> POOL? -> FC"),
    );
  });

  it.each(examples)("%s", (pattern, words) => expect(expandPattern(pattern).join(" ")).toBe(words));

  it("replace letters by numbers, and omit optional parts", () => {
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
    ["INPUT -> ", "expected CONV, RELU, POOL, FC, NORM, LRN, MEAN, ADD or [ at column 10, got the end"],
    [
      "INPUT -> CONVV",
      "expected CONV, RELU, POOL, FC, NORM, LRN, MEAN, ADD or [ at column 10, got CONVV (did you mean CONV?)",
    ],
    ["INPUT -> CONV3-", "expected a number at column 16, got the end"],
    ["INPUT -> CONV3/2-64 -> FC", "expected -> or the end at column 17, got -"],
    ["INPUT -> ADD -> FC", "expected [ at column 14, got ->"],
    ["INPUT -> RELU3 -> FC", "expected -> or the end at column 14, got 3"],
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

  it("never fail with another error", () => {
    const pieces = fc.constantFrom(
      "INPUT",
      "CONV",
      "FC",
      "ADD",
      "pad",
      "-",
      "/",
      "->",
      "[",
      "]",
      "*",
      "2",
      "N",
      "?",
      " ",
      "ü",
      "{",
    );
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
      "repetitions N must be a whole number of at least 0, got undefined; give one, for example { repeats: { N: 2 } }",
    );
    expect(() => expandPattern("INPUT -> CONV*N", { repeats: { N: 1.5 } })).toThrow("got 1.5");
  });
});

describe("models from patterns", () => {
  it("have the layers of the pattern, and a Flatten before the first FC", () => {
    const model = fromPattern("INPUT -> [[CONV -> RELU]*2 -> POOL]*2 -> [FC -> RELU]*2 -> FC", {
      filters: 8,
      kernelSize: 5,
      units: 32,
      classes: 7,
    });
    const { rows } = summary(model, [16, 16, 3]);
    expect(rows.map(({ type, outputShape }) => `${type} ${outputShape.join("x")}`)).toEqual([
      "Conv2d 16x16x8",
      "ReLU 16x16x8",
      "Conv2d 16x16x8",
      "ReLU 16x16x8",
      "MaxPool2d 8x8x8",
      "Conv2d 8x8x8",
      "ReLU 8x8x8",
      "Conv2d 8x8x8",
      "ReLU 8x8x8",
      "MaxPool2d 4x4x8",
      "Flatten 128",
      "Dense 32",
      "ReLU 32",
      "Dense 32",
      "ReLU 32",
      "Dense 7",
    ]);
  });

  it("have twice as many filters after each POOL by default", () => {
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

  it("recognise the last FC in every notation", () => {
    const unitsOf = (pattern: string): number[] =>
      fromPattern(pattern, { units: 5, classes: 3 }).layers.flatMap((layer) =>
        layer instanceof Dense ? [layer.options.units] : [],
      );
    expect(unitsOf("INPUT -> FC*3")).toEqual([5, 5, 3]);
    expect(unitsOf("INPUT -> [FC -> RELU]*2 -> FC")).toEqual([5, 5, 3]);
    expect(unitsOf("INPUT -> FC-8 -> FC-9")).toEqual([8, 9]);
  });

  const vgg =
    "INPUT -> [CONV3-64 -> RELU]*2 -> POOL2 -> [CONV3-128 -> RELU]*2 -> POOL2 -> [CONV3-256 -> RELU]*3 -> POOL2 -> [[CONV3-512 -> RELU]*3 -> POOL2]*2 -> [FC-4096 -> RELU]*2 -> FC-1000";
  const block = (filters: number, stride: number): string =>
    `[ADD[CONV3-${filters}${stride === 1 ? "" : `/${stride}`} pad 1 -> NORM -> RELU -> CONV3-${filters} -> NORM] -> RELU]`;
  const resnet = `INPUT -> CONV7-64/2 pad 3 -> NORM -> RELU -> POOL3/2 pad 1 -> ${block(64, 1)}*2 -> ${[128, 256, 512]
    .map((filters) => `${block(filters, 2)} -> ${block(filters, 1)}`)
    .join(" -> ")} -> MEAN -> FC-1000`;
  it.each([
    [
      "LeNet-5",
      "INPUT -> CONV5-6 -> RELU -> POOL2 -> CONV5-16 pad 0 -> RELU -> POOL2 -> FC-120 -> RELU -> FC-84 -> RELU -> FC-10",
      lenet5(),
      [28, 28, 1],
    ],
    [
      "AlexNet",
      "INPUT -> CONV11-64/4 pad 2 -> RELU -> POOL3/2 -> CONV5-192 -> RELU -> POOL3/2 -> CONV3-384 -> RELU -> [CONV3-256 -> RELU]*2 -> POOL3/2 -> [FC-4096 -> RELU]*2 -> FC-1000",
      alexNet(),
      [224, 224, 3],
    ],
    [
      "AlexNet on two cards",
      "INPUT -> CONV11-96/4 pad 0 -> RELU -> LRN -> POOL3/2 -> CONV5-256 groups 2 -> RELU -> LRN -> POOL3/2 -> CONV3-384 -> RELU -> CONV3-384 groups 2 -> RELU -> CONV3-256 groups 2 -> RELU -> POOL3/2 -> [FC-4096 -> RELU]*2 -> FC-1000",
      alexNet({ grouped: true }),
      [227, 227, 3],
    ],
    ["VGG-16", vgg, vgg16(), [224, 224, 3]],
    ["ResNet-18", resnet, resnet18(), [224, 224, 3]],
  ] as const)("%s is what it is in the zoo", (_, pattern, known, inputShape) => {
    const made = summary(fromPattern(pattern), inputShape);
    const expected = summary(known, inputShape);
    expect([made.parameters, made.multiplyAdds]).toEqual([expected.parameters, expected.multiplyAdds]);
    const shapes = ({ rows }: Summary): string[] =>
      rows.flatMap(({ type, outputShape }) => (/Conv|Dense|Pool/.test(type) ? [outputShape.join("x")] : []));
    expect(shapes(made)).toEqual(shapes(expected));
  });

  it("have no maps after an FC", () => {
    expect(() => fromPattern("INPUT -> FC -> POOL")).toThrow("a POOL cannot follow an FC");
    expect(() => fromPattern("INPUT -> FC -> CONV -> FC")).toThrow("a CONV cannot follow an FC");
    expect(() => fromPattern("INPUT -> MEAN -> CONV -> FC")).toThrow("a CONV cannot follow a MEAN");
  });
});

describe("patterns that are too large", () => {
  it("are refused before any layer is created", () => {
    const deep = (depth: number): string => `INPUT -> ${"[".repeat(depth)}CONV${"]".repeat(depth)}`;
    expect(expandPattern(deep(100))).toEqual(["CONV"]);
    for (const depth of [101, 4400, 100_000]) {
      expect(() => parsePattern(deep(depth))).toThrow(ValueError);
      expect(() => expandPattern(deep(depth))).toThrow(/depth of nested brackets must be at most 100, got 101/);
    }
    expect(() => parsePattern("INPUT -> ".concat("ADD[".repeat(5000)))).toThrow(
      /depth of nested brackets must be at most 100, got 101/,
    );
    expect(expandPattern("INPUT -> [CONV]*10000").length).toBe(10_000);
    for (const pattern of [
      "[CONV]*999999999",
      "[[CONV]*9999]*9999",
      "[ADD[CONV]*5001]",
      "[CONV]*N",
      `CONV*${"9".repeat(300)}`,
    ])
      for (const make of [expandPattern, fromPattern])
        expect(() => make(`INPUT -> ${pattern}`, { repeats: { N: 1e9 } }), pattern).toThrow(
          /the number of steps must be at most 10000/,
        );
    // Empty repetitions.
    expect(expandPattern("INPUT -> [CONV*0]*999999999 -> FC")).toEqual(["FC"]);
    expect(expandPattern("INPUT -> [[CONV]*999999999]*0 -> FC")).toEqual(["FC"]);
  });

  it("are refused if they contain themselves", () => {
    const itself: PatternPart[] = [{ part: "CONV" }];
    itself.push({ part: itself });
    expect(() => expandPattern(itself)).toThrow(/depth of nested brackets must be at most 100, got 101/);
    expect(() => formatPattern(itself)).toThrow(/depth of nested brackets must be at most 100, got 101/);
  });

  it("show the part around an error in a long one", () => {
    const long = `INPUT -> ${"CONV -> ".repeat(10_000)}FOO`;
    const error = (() => {
      try {
        parsePattern(long);
      } catch (caught) {
        return caught as Error;
      }
    })()!;
    expect(error.message.length).toBeLessThan(400);
    const [, shown, caret] = error.message.split("\n");
    expect(shown!.slice(caret!.indexOf("^"))).toBe("FOO");
  });
});
