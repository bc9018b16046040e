import { reference } from "@convlens/backend-reference";
import {
  Conv1d,
  Conv2d,
  Dense,
  Flatten,
  fromPattern,
  MaxPool2d,
  Parallel,
  Residual,
  sequential,
  type Layer,
} from "@convlens/layers";
import { lenet5, resnet18, vgg16 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modularGraph, operationGraph, trace, volumeTable } from "../src/index.ts";
import { filled, some } from "./helpers.ts";
import { drawBars, drawLineChart, drawModules, drawOperations, drawPoints, drawTrace, drawVolumes } from "./svgs.ts";

// Drawings with little room, as on a phone of 360 pixels.

const PHONE = 328;
const widthOf = (svg: string): number => Number(/ width="([\d.]+)"/.exec(svg)![1]);
const numbers = (svg: string, pattern: RegExp): number[] => [...svg.matchAll(pattern)].map(([, x]) => Number(x));
/** Places and size of the elements in a drawing of modules. */
const elements = (svg: string): { x: number; y: number; scale: number; stage: number }[] =>
  [...svg.matchAll(/translate\(([-\d.]+) ([-\d.]+)\)(?: scale\(([\d.]+)\))?" data-stage="(\d+)" data-element/g)].map(
    ([, x, y, scale, stage]) => ({ x: Number(x), y: Number(y), scale: Number(scale ?? 1), stage: Number(stage) }),
  );

const answer = (): [Layer, Dense] => [new Flatten(), new Dense({ units: 3 })];

describe("modules", () => {
  it("fit every width that has room for their elements, and elements do not overlap", () => {
    // Even, so that the pooling fits.
    const side = fc.integer({ min: 2, max: 6 }).map((half) => 2 * half);
    fc.assert(
      fc.property(side, side, fc.integer({ min: PHONE, max: 1200 }), fc.boolean(), (rows, columns, width, isPlane) => {
        const net = isPlane
          ? sequential([
              new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }),
              new MaxPool2d({ kernelSize: 2 }),
              ...answer(),
            ])
          : sequential([new Conv1d({ filters: 2, kernelSize: 3 }), ...answer()]);
        const svg = drawModules(modularGraph(net, isPlane ? [rows, columns, 1] : [columns, 1]), { width });
        expect(widthOf(svg)).toBeLessThanOrEqual(width + 0.01);
        const all = elements(svg);
        for (const { x, y } of all) {
          expect(x).toBeGreaterThan(15);
          expect(x).toBeLessThan(width - 15);
          expect(y).toBeGreaterThan(15);
        }
        // Elements of one row follow each other; a cylinder is 24 wide.
        const convolution = all.filter(({ stage }) => stage === 1);
        for (let i = 1; i < convolution.length; i++) {
          const [before, next] = [convolution[i - 1]!, convolution[i]!];
          if (before.y === next.y) expect(next.x - before.x).toBeGreaterThan(24 * next.scale);
        }
      }),
    );
  });

  it("have the label of each row beside it if there is room, and above it otherwise", () => {
    const graph = modularGraph(lenet5(), [12, 12, 1]);
    const captions = (svg: string): number[] => numbers(svg, /<text x="12" y="([\d.]+)" class="f-ink/g);
    const [wide, narrow] = [drawModules(graph), drawModules(graph, { width: PHONE })];
    expect(widthOf(wide)).toBeGreaterThan(500);
    expect(Math.min(...elements(wide).map(({ x }) => x))).toBeGreaterThan(190);
    expect(widthOf(narrow)).toBeLessThanOrEqual(PHONE);
    for (const svg of [wide, narrow]) {
      expect(captions(svg)).toHaveLength(graph.stages.length);
      captions(svg).forEach((y, stage) => {
        const ys = elements(svg).flatMap((each) => (each.stage === stage ? each.y : []));
        if (svg === narrow) expect(y).toBeLessThan(Math.min(...ys) - 30);
        else expect(y).toBeCloseTo((Math.min(...ys) + Math.max(...ys)) / 2 - 2, 0);
      });
    }
  });

  it("are no taller than their planes need", () => {
    const graph = modularGraph(lenet5(), [12, 12, 1]);
    const all = elements(drawModules(graph));
    for (let stage = 1; stage < graph.stages.length; stage++) {
      const ys = (of: number): number[] => all.flatMap((each) => (each.stage === of ? each.y : []));
      expect(Math.min(...ys(stage - 1)) - Math.max(...ys(stage))).toBeCloseTo(80, 0);
    }
  });
});

describe("volumes", () => {
  const nets = { "LeNet-5": volumeTable(lenet5(), [28, 28, 1]), "VGG-16": volumeTable(vgg16(), [224, 224, 3]) };
  // On one scale, in one line of a wide page but not of a narrow one.
  const small = volumeTable(fromPattern("INPUT -> [CONV -> RELU -> POOL]*2 -> FC", { classes: 10 }), [28, 28, 1]);

  it.each(Object.entries({ ...nets, "a small net": small }))(
    "of %s fit a phone, in as many lines as necessary",
    (_, table) => {
      const [wide, narrow] = [drawVolumes(table), drawVolumes(table, { width: PHONE })];
      expect(widthOf(narrow)).toBeLessThanOrEqual(PHONE);
      expect(numbers(narrow, /<path d="M([-\d.]+)/g).length).toBe(numbers(wide, /<path d="M([-\d.]+)/g).length);
      // The scale is chosen for the net, not for the page.
      expect(narrow.includes("cube roots")).toBe(wide.includes("cube roots"));
    },
  );
});

describe("charts, points and bars", () => {
  it("have the requested width, and their legend wraps if necessary", () => {
    const lines = ["the first of several", "the second of several", "the third of several"].map((name, i) => ({
      name,
      points: [[0, i] as const, [1, 2 * i] as const],
    }));
    expect(widthOf(drawLineChart(lines))).toBe(640);
    const svg = drawLineChart(lines, { width: PHONE });
    expect(widthOf(svg)).toBe(PHONE);
    for (const x of numbers(svg, / x2?="([-\d.]+)"/g)) expect(x).toBeLessThanOrEqual(PHONE);
    expect(new Set(numbers(svg, /y="([-\d.]+)" text-anchor="start"/g)).size).toBe(3);
  });

  it("of points lie in a square of the requested width, with a legend below", () => {
    const points = [-1, 1].flatMap((x) => [-3, 3].map((y) => ({ x, y, kind: x < 0 ? 0 : 1 })));
    const svg = drawPoints(points, ["first", "second"], { width: PHONE });
    expect(widthOf(svg)).toBe(PHONE);
    const places = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" text-anchor="middle"/g)];
    const xs = places.map(([, x]) => Number(x)).sort((a, b) => a - b);
    const ys = places.map(([, , y]) => Number(y)).sort((a, b) => a - b);
    expect([xs.length, ys.at(-1)! < PHONE]).toEqual([4, true]);
    // One scale for both axes.
    expect((ys.at(-1)! - ys[0]!) / (xs.at(-1)! - xs[0]!)).toBeCloseTo(3, 1);
    expect(numbers(svg, /y="([\d.]+)" text-anchor="start" class="f-ink">\d (?:first|second)/g)).toEqual([346, 346]);
  });

  it("have shorter bars in less room, in proportion", () => {
    const bars = [
      { name: "ways.branches.0", value: 4 },
      { name: "b", value: 1 },
    ];
    const [wide, narrow] = [drawBars(bars), drawBars(bars, { width: 260 })];
    const long = (svg: string): number[] => numbers(svg, /<rect [^>]*width="([\d.]+)"/g);
    expect(widthOf(narrow)).toBeLessThanOrEqual(260);
    expect(long(wide)).toEqual([300, 75]);
    expect(long(narrow)[0]).toBeLessThan(100);
    expect(long(narrow)[0]! / long(narrow)[1]!).toBeCloseTo(4, 1);
  });
});

describe("traces", () => {
  it("of windows have their grids side by side, or below each other if the width is too small", async () => {
    useBackend(reference());
    const net = filled(new Conv2d({ filters: 1, kernelSize: 5 }), [5, 5, 2]);
    const found = await trace(net, some([1, 5, 5, 2]), "", [0, 0, 0]);
    const cells = (svg: string): (readonly [number, number])[] =>
      [...svg.matchAll(/<rect x="([-\d.]+)" y="([-\d.]+)" width="44"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    const [wide, narrow] = [drawTrace(found), drawTrace(found, { width: PHONE })];
    expect([new Set(cells(wide).map(([x]) => x)).size, new Set(cells(narrow).map(([x]) => x)).size]).toEqual([15, 5]);
    expect(widthOf(narrow)).toBeLessThanOrEqual(PHONE);
    for (const svg of [wide, narrow]) {
      expect(cells(svg)).toHaveLength(2 * 3 * 25);
      expect(new Set(cells(svg).map(String)).size).toBe(2 * 3 * 25);
      expect(svg.match(/receptive field/g)).toHaveLength(svg === wide ? 1 : 2);
    }
  });

  it("as lists fit a phone, and bars end before the text begins", async () => {
    useBackend(reference());
    // Bars on one side of the line, and on both.
    for (const low of [0, -1]) {
      const net = filled(new Dense({ units: 2 }), [40], 3, low);
      const found = await trace(net, some([1, 40], 1, 0.1), "", [1]);
      const [wide, narrow] = [drawTrace(found), drawTrace(found, { width: PHONE })];
      expect([widthOf(wide), widthOf(narrow)]).toEqual([640, PHONE]);
      for (const svg of [wide, narrow]) {
        const words = numbers(svg, /<text x="([\d.]+)" y="[\d.]+" text-anchor="start" class="f-ink">[-−\d.]+ ·/g);
        const names = numbers(svg, /<text x="([\d.]+)" y="[\d.]+" text-anchor="end"/g);
        expect([words.length, names.length]).toEqual([12, 12]);
        for (const [, from, long] of svg.matchAll(/<rect x="([-\d.]+)" y="[\d.]+" width="([\d.]+)"/g)) {
          expect(Number(from)).toBeGreaterThan(names[0]!);
          expect(Number(from) + Number(long)).toBeLessThan(words[0]!);
        }
      }
    }
  });
});

it("lines of operations cross no box", () => {
  const conv = (): Conv2d => new Conv2d({ filters: 2, kernelSize: 3, padding: "same" });
  const ways = new Parallel([conv(), sequential([conv(), conv(), conv()]), sequential([conv(), conv()])]);
  const nets = [resnet18(), sequential([ways, new Residual({ body: sequential([conv(), conv()]), shortcut: conv() })])];
  for (const net of nets) {
    const svg = drawOperations(operationGraph(net, [64, 64, 3], "layers"));
    const boxes = [
      ...svg.matchAll(/<rect x="([-\d.]+)" y="([-\d.]+)" width="168" height="40" rx="6" class="f-ground"/g),
    ];
    expect(boxes.length).toBeGreaterThan(5);
    for (const [, path] of svg.matchAll(/<path class="line s-line"[^>]* d="([^"]+)"/g))
      for (const [x, y] of pointsOf(path!))
        for (const [, left, top] of boxes) {
          const [inX, inY] = [x - Number(left), y - Number(top)];
          expect(inX > 0 && inX < 168 && inY > 1 && inY < 39).toBe(false);
        }
  }
});

/** Points along a path of straight lines and curves. */
function pointsOf(path: string): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  let [x, y] = [0, 0];
  for (const [, command, rest] of path.matchAll(/([MVC])([^MVC]*)/g)) {
    const told = rest!.split(/[ ,]/).map(Number);
    const ends = command === "V" ? [x, told[0]!] : told.slice(-2);
    const [x1, y1, x2, y2] = command === "C" ? told : [x, y, ...ends];
    if (command !== "M")
      for (let t = 0; t <= 1; t += 0.05) {
        const at = (a: number, b: number, c: number, d: number): number =>
          a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t ** 2 * (1 - t) + d * t ** 3;
        found.push([at(x, x1!, x2!, ends[0]!), at(y, y1!, y2!, ends[1]!)]);
      }
    [x, y] = ends as [number, number];
  }
  return found;
}
