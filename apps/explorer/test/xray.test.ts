import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UnitAnswer } from "../src/compute/unit.ts";
import { initialState } from "../src/fields.ts";
import { centred, inkField, inkPixels, inkText, SIDE, stroked } from "../src/draw/ink.ts";
import { atlasOf, placeIn, unitAt } from "../src/panels/xray/maps.ts";
import { choosing, chosenIn, figure, formulaOf, partsOf, xrayFields } from "../src/panels/xray/model.ts";

const drawings = fc
  .array(fc.tuple(fc.nat(SIDE * SIDE - 1), fc.integer({ min: 0, max: 15 })), { maxLength: 200 })
  .map((dots) => {
    const pixels = new Float32Array(SIDE * SIDE);
    for (const [at, level] of dots) pixels[at] = level / 15;
    return pixels;
  });
const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 40 })),
  fc.tuple(fc.integer({ min: 1, max: 900 })),
);

describe("a drawing", () => {
  it("is restored from its text, which is short", () =>
    fc.assert(
      fc.property(drawings, (pixels) => {
        const text = inkText(pixels);
        expect(inkPixels(text)).toEqual(pixels);
        expect(inkField().parse(text)).toBe(text);
        expect(text.length).toBeLessThanOrEqual(SIDE * SIDE);
        expect(encodeURIComponent(text)).toBe(text);
      }),
    ));

  it("is refused if its text is invalid or too long", () => {
    for (const text of ["A", "0!", "z".repeat(40), "f".repeat(785)]) expect(inkField().parse(text)).toBeUndefined();
    expect(inkField(29).parse("f".repeat(785))).toBe("f".repeat(785));
    expect(inkPixels("")).toEqual(new Float32Array(784));
  });

  it("gets ink at the pen, and loses it at the eraser", () => {
    const [from, to] = [
      { x: 5, y: 5 },
      { x: 20, y: 5 },
    ];
    const drawn = stroked(new Float32Array(784), from, to);
    expect(drawn[4 * SIDE + 12]).toBe(1);
    expect(drawn[5 * SIDE + 12]).toBe(1);
    expect(drawn[9 * SIDE + 12]).toBe(0);
    expect(stroked(drawn, from, to, true)[5 * SIDE + 12]).toBe(0);
  });

  it("is centred like the digits: its centre of mass at pixel 14, its longest side 20", () =>
    fc.assert(
      fc.property(
        fc.record({ x: fc.integer({ min: 4, max: 14 }), y: fc.integer({ min: 4, max: 14 }) }),
        fc.integer({ min: 4, max: 10 }),
        ({ x, y }, long) => {
          const pixels = stroked(new Float32Array(784), { x, y }, { x, y: y + long });
          const moved = centred(pixels);
          const mass = moved.reduce((sum, ink) => sum + ink, 0);
          const middle = (of: (i: number) => number): number =>
            moved.reduce((sum, ink, i) => sum + ink * of(i), 0) / mass;
          expect(middle((i) => Math.floor(i / SIDE))).toBeCloseTo(14, 0);
          expect(middle((i) => i % SIDE)).toBeCloseTo(14, 0);
          const rows = [...moved.keys()].filter((i) => moved[i]! > 0.3).map((i) => Math.floor(i / SIDE));
          const side = Math.max(...rows) - Math.min(...rows) + 1;
          expect(Math.abs(side - 20)).toBeLessThanOrEqual(2);
        },
      ),
    ));

  it("without ink stays empty", () => expect(centred(new Float32Array(784))).toEqual(new Float32Array(784)));
});

describe("maps in a picture", () => {
  it("contain every number, and a click finds its unit", () =>
    fc.assert(
      fc.property(shapes, fc.nat(1_000_000), (shape, dice) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const atlas = atlasOf(
          shape,
          Array.from({ length: size }, (_, i) => i),
        );
        const kept = atlas.values.filter((value) => !Number.isNaN(value)).sort();
        expect(kept).toHaveLength(size);
        expect(new Set(kept).size).toBe(size);
        const at = dice % atlas.values.length;
        const place = { row: Math.floor(at / atlas.width), column: at % atlas.width };
        const unit = unitAt(shape, place);
        expect(unit === undefined).toBe(Number.isNaN(atlas.values[at]));
        if (unit === undefined) return;
        expect(placeIn(shape, unit)).toEqual(place);
        expect(unit.reduce((sum, i, axis) => sum * shape[axis]! + i, 0)).toBe(atlas.values[at]);
      }),
    ));
});

describe("the selected unit", () => {
  const layers = [
    { name: "layers.0", type: "Conv2d", shape: [4, 5, 3], values: new Float32Array(60), sees: 5 },
    { name: "layers.1", type: "Dense", shape: [7], values: new Float32Array(7), sees: 28 },
  ];
  const state = initialState(xrayFields);

  it("exists, for every address", () =>
    fc.assert(
      fc.property(fc.nat(64), fc.nat(4096), fc.nat(512), fc.nat(512), (layer, map, row, column) => {
        const { layer: found, unit } = chosenIn({ ...state, layer, map, row, column }, layers);
        expect(unit).toHaveLength(found.shape.length);
        unit.forEach((at, axis) => expect(at >= 0 && at < found.shape[axis]!).toBe(true));
      }),
    ));

  it("is found from the state that selects it", () => {
    for (const [index, unit] of [
      [0, [3, 4, 2]],
      [1, [6]],
    ] as const)
      expect(chosenIn({ ...state, ...choosing(index, unit) }, layers)).toMatchObject({ index, unit });
  });
});

describe("the terms of a number", () => {
  const answer = (trace: Partial<UnitAnswer["trace"]>): UnitAnswer =>
    ({ trace: { name: "a", type: "b", unit: [0], output: 0, value: 0, ...trace }, uses: [] }) as unknown as UnitAnswer;

  it("are sorted by size, and the rest is summed", () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { maxLength: 40 }), (products) => {
        const terms = products.map((product, i) => ({ input: [i], x: product, w: 1, weight: [i], product }));
        const { parts, others, othersSum } = partsOf(answer({ kind: "products", sums: [terms], bias: 0.5 }));
        expect(parts.length + others).toBe(products.length);
        const shown = parts.reduce((sum, { value }) => sum + value, 0);
        expect(shown + othersSum).toBeCloseTo(
          products.reduce((a, b) => a + b, 0),
          9,
        );
        const sizes = parts.map(({ value }) => Math.abs(value));
        expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
      }),
    ));

  it("are written as a sum, with a minus sign", () => {
    const term = { input: [0], x: 2, w: -1.5, weight: [0], product: -3 };
    expect(formulaOf(answer({ kind: "products", sums: [[term]], bias: 0.25, value: -2.75 }))).toBe(
      "1 product (−3.000) + bias 0.250 = −2.750",
    );
    expect(figure(-0.00012)).toBe("−1.2e−4");
  });
});
