import { describe, expect, it } from "vitest";
import { colorMap, colorOf, type ColorMapName, type Theme } from "../src/render/index.ts";
import { toOklab } from "../src/render/colorMaps.ts";

type Triple = readonly [number, number, number];
const themes: readonly Theme[] = ["light", "dark"];
const distance = (a: Triple, b: Triple): number => Math.hypot(...toOklab(a).map((x, i) => x - toOklab(b)[i]!));
const lightness = (rgb: Triple): number => toOklab(rgb)[0];

/** Matrices that simulate dichromacy (Machado 2009), on linear light. */
const deficiencies: Readonly<Record<string, readonly Triple[]>> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const linear = (x: number): number => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
const seenBy = (matrix: readonly Triple[], rgb: Triple): Triple => {
  const light = rgb.map((x) => linear(x / 255));
  return matrix.map((row) => {
    const y = Math.min(1, Math.max(0, row[0] * light[0]! + row[1] * light[1]! + row[2] * light[2]!));
    return 255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055);
  }) as unknown as Triple;
};

describe.each(themes)("colour maps on a %s page", (theme) => {
  const at = (name: ColorMapName, x: number): Triple => colorOf(colorMap(name, theme), x);
  const steps = Array.from({ length: 17 }, (_, i) => i / 16);

  it("have a lightness that is monotonic in the magnitude", () => {
    for (const sign of [1, -1])
      for (const name of ["sequential", "signed"] as const) {
        if (name === "sequential" && sign < 0) continue;
        const all = steps.map((x) => lightness(at(name, sign * x)));
        const falls = theme === "light";
        all.slice(1).forEach((x, i) => expect(falls ? all[i]! - x : x - all[i]!).toBeGreaterThan(0.015));
      }
  });

  it("change evenly", () => {
    for (const side of [
      (x: number) => at("sequential", x),
      (x: number) => at("signed", x),
      (x: number) => at("signed", -x),
    ]) {
      const changes = steps.slice(1).map((x, i) => distance(side(x), side(steps[i]!)));
      expect(Math.max(...changes) / Math.min(...changes)).toBeLessThan(1.5);
    }
  });

  it.each(Object.entries(deficiencies))("keep steps and signs distinguishable with %s", (_, matrix) => {
    const seen = (name: ColorMapName, x: number): Triple => seenBy(matrix, at(name, x));
    for (const x of steps.slice(1)) {
      expect(distance(seen("sequential", x), seen("sequential", x - 1 / 16))).toBeGreaterThan(0.025);
      if (x >= 0.5) expect(distance(seen("signed", x), seen("signed", -x))).toBeGreaterThan(0.1);
    }
  });

  it("show NaN, clip out-of-range numbers, and give zero one colour", () => {
    expect(at("sequential", NaN)).toEqual([255, 0, 255]);
    expect(at("sequential", 7)).toEqual(at("sequential", 1));
    expect(at("signed", -7)).toEqual(at("signed", -1));
    expect(at("signed", 0)).toEqual(theme === "light" ? [247, 247, 247] : [37, 37, 37]);
    expect(at("gray", 0)).toEqual([0, 0, 0]);
    expect(at("gray", 1)).toEqual([255, 255, 255]);
    expect(at("gray", 100 / 255)).toEqual([100, 100, 100]);
  });
});
