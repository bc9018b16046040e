import { Conv1d, Conv2d, Dense, Flatten, ReLU, Residual, sequential } from "@convlens/layers";
import { lenet5 } from "@convlens/layers/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modularGraph, type ModularGraph, type ModularStage } from "../src/index.ts";
import { drawModules } from "./svgs.ts";

const MOST = 160_000;

/** Numbers of an attribute that holds `stage.element` or `element`. */
const found = (svg: string, pattern: RegExp): number[][] =>
  [...svg.matchAll(pattern)].map((match) => match.slice(1).map(Number));

/** A drawing within its budget, in which every line joins two elements that are drawn. */
function checked(graph: ModularGraph): string {
  const svg = drawModules(graph);
  expect(svg.length).toBeLessThan(MOST);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  const elements = new Set(found(svg, /data-stage="(\d+)" data-element="(\d+)"/g).map((at) => at.join(".")));
  expect(elements.size).toBe(found(svg, /data-element="(\d+)"/g).length);
  for (const [stage, source, from, to] of found(svg, /data-stage="(\d+)" data-from="(\d+)\.(\d+)" data-to="(\d+)"/g)) {
    expect(elements).toContain(`${stage}.${to}`);
    expect(elements).toContain(`${source}.${from}`);
    expect(source).toBeLessThan(stage!);
  }
  return svg;
}

const titleOf = (svg: string): string => /aria-label="([^"]*)"/.exec(svg)![1]!;

/** Graphs of any size, not necessarily of a net: each stage reads some elements of earlier ones. */
const graphs: fc.Arbitrary<ModularGraph> = fc
  .record({
    isPlane: fc.boolean(),
    side: fc.integer({ min: 1, max: 30 }),
    count: fc.constantFrom(1, 3, 20, 400),
    kinds: fc.array(fc.constantFrom<ModularStage["kind"]>("convolution", "largest", "mean", "dense", "join"), {
      minLength: 1,
      maxLength: 5,
    }),
    reads: fc.integer({ min: 1, max: 9 }),
    changes: fc.boolean(),
  })
  .map(({ isPlane, side, count, kinds, reads, changes }) => {
    const size = count > 20 ? 2 : side;
    const grid = (s: number): readonly [number, number] => [isPlane ? size : 1, Math.max(1, size - (s % 4))];
    const stages = Array.from({ length: count }, (_, s): ModularStage => {
      const kind = s === 0 ? "input" : kinds[s % kinds.length]!;
      const [rows, columns] = grid(s);
      const below = s === 0 ? 0 : grid(s - 1)[0] * grid(s - 1)[1];
      const edges = Array.from({ length: s === 0 ? 0 : rows * columns * reads }, (_unused, i) => ({
        stage: s - 1,
        from: (Math.floor(i / reads) + (i % reads)) % below,
        to: Math.floor(i / reads),
      }));
      return {
        ...{ kind, label: kind === "convolution" ? "A" : "x", layer: `layers.${s}`, grid: [rows, columns], edges },
        channels: changes ? (s % 31) + 1 : 2,
        ...(kind !== "dense" && { stands: { first: [0, 0] as const, jump: [1, 1 + (s % 2)] as const } }),
      };
    });
    return { isPlane, stages };
  });

describe("a drawing of modules", () => {
  it("keeps to its budget, and its lines join drawn elements, for any graph", () =>
    fc.assert(
      fc.property(graphs, (graph) => void checked(graph)),
      { numRuns: 40, endOnFailure: true },
    ));

  it("contains every element of a small net, in every theme and width", () => {
    const graph = modularGraph(
      sequential([new Conv1d({ filters: 1, kernelSize: 3 }), new Flatten(), new Dense({ units: 1 })]),
      [9, 1],
    );
    const svg = checked(graph);
    expect(found(svg, /data-element="(\d+)"/g)).toHaveLength(17);
    expect(svg).not.toContain("drawn as");
  });

  it("merges neighbours of a large layer, and labels them", () => {
    const net = sequential([
      new Conv2d({ filters: 16, kernelSize: 3 }),
      new ReLU(),
      new Conv2d({ filters: 24, kernelSize: 3 }),
      new Flatten(),
    ]);
    const svg = checked(modularGraph(net, [24, 24, 1]));
    expect(svg).toMatch(/>24 × 24 inputs x<\/text><text[^>]*>drawn as \d+ × \d+</);
    expect(svg).toMatch(/>22 × 22 copies of A, 16 neurons each<\/text><text[^>]*>layers\.0, drawn as \d+ × \d+</);
    expect(titleOf(svg)).toMatch(/\. 1460 elements, \d+ lines$/);
    checked(modularGraph(lenet5(), [12, 12, 1]));
  });

  it("shows repeated blocks once, with their count", () => {
    const block = (): Residual =>
      new Residual({ body: sequential([new Conv1d({ filters: 2, kernelSize: 3, padding: 1 }), new ReLU()]) });
    const svg = checked(modularGraph(sequential(Array.from({ length: 200 }, block)), [4, 2]));
    expect(titleOf(svg)).toBe(
      "4 inputs x; 200 times 4 copies of A, 2 neurons each; 200 times 4 sums +. 1604 elements, 3600 lines",
    );
  });

  it("omits the middle of a net of very many different layers", () => {
    const layers = Array.from({ length: 400 }, (_, i) => new Conv1d({ filters: (i % 29) + 1, kernelSize: 1 }));
    const svg = checked(modularGraph(sequential(layers), [2, 1]));
    expect(svg).toMatch(/>\d+ rows that are not drawn</);
  });
});
