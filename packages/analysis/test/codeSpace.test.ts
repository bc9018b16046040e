import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { batchOf, shapes } from "@convlens/datasets";
import { build, Conv2d, Flatten, MaxPool2d, ReLU, sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  codesOf,
  nearestNeighbors,
  principalComponents,
  tsne,
  type Matrix,
  type TsneMap,
  type TsneOptions,
} from "../src/index.ts";
import { eigenOf } from "../src/embeddings/linearAlgebra.ts";
import { affinitiesOf } from "../src/embeddings/tsne/affinities.ts";
import { divergenceOf, forcesOn } from "../src/embeddings/tsne/forces.ts";
import { partsOf } from "../src/numbers.ts";

const matrix = (rows: number, columns: number, values: ArrayLike<number>): Matrix => ({
  rows,
  columns,
  values: Float64Array.from(values),
});
/** Points in clusters: `count` around each of some centres. */
function clusters(
  centers: number,
  count: number,
  columns: number,
  spread = 1,
  seed = 1,
): Matrix & { readonly labels: number[] } {
  const random = new Random(seed);
  const middles = Array.from({ length: centers }, () => random.normal(columns, 0, 4));
  const labels = Array.from({ length: centers * count }, (_, i) => i % centers);
  return {
    ...matrix(
      labels.length,
      columns,
      labels.flatMap((label) => Array.from(random.normal(columns, 0, spread), (z, c) => z + middles[label]![c]!)),
    ),
    labels,
  };
}
const row = ({ values, columns }: Matrix, r: number): number[] =>
  Array.from(values.subarray(r * columns, (r + 1) * columns));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe("codes", () => {
  it("are the layer's output for each example, on every backend", async () => {
    const data = shapes({ size: 23, height: 8, width: 8 });
    for (const backend of [reference(), await cpu({ threads: 1 })]) {
      useBackend(backend);
      const model = build(
        sequential([
          new Conv2d({ filters: 3, kernelSize: 3 }),
          new ReLU(),
          new MaxPool2d({ kernelSize: 2 }),
          new Flatten(),
        ]),
        [8, 8, 1],
        { seed: 2 },
      );
      const codes = await codesOf(model, data, { layer: "layers.2", batchSize: 10 });
      expect([codes.rows, codes.columns, codes.labels]).toEqual([23, 27, data.labels]);
      const all = batchOf(data, [...data.labels.keys()]);
      const outputs = await model.call(all.inputs).data();
      codes.values.forEach((value, i) => expect(value).toBeCloseTo(outputs[i]!, 5));
    }
  });
});

describe("principal components", () => {
  const points = fc
    .record({ rows: fc.integer({ min: 3, max: 30 }), columns: fc.integer({ min: 2, max: 14 }), seed: fc.nat(1e6) })
    .map(({ rows, columns, seed }) => {
      const random = new Random(seed);
      const scales = random.uniform(columns, 0.1, 3);
      return matrix(
        rows,
        columns,
        random.normal(rows * columns).map((z, i) => z * scales[i % columns]! + (i % columns)),
      );
    });

  it("are orthogonal unit vectors, and the eigenvectors of the covariance", () =>
    fc.assert(
      fc.property(points, (x) => {
        const count = Math.min(3, x.rows - 1, x.columns);
        const { components, variances, mean, scores, shares } = principalComponents(x, { count });
        const covariance = new Float64Array(x.columns ** 2);
        for (let r = 0; r < x.rows; r++)
          for (let i = 0; i < x.columns; i++)
            for (let j = 0; j < x.columns; j++)
              covariance[i * x.columns + j]! +=
                ((row(x, r)[i]! - mean[i]!) * (row(x, r)[j]! - mean[j]!)) / (x.rows - 1);
        const values = eigenOf(partsOf(covariance, x.columns)).map(({ value }) => value);
        const trace = values.reduce((a, b) => a + b, 0);
        for (let k = 0; k < count; k++) {
          expect(variances[k]).toBeCloseTo(values[k]!, 6);
          expect(shares[k]).toBeCloseTo(values[k]! / trace, 6);
          const direction = row(components, k);
          for (let j = 0; j <= k; j++) expect(dot(direction, row(components, j))).toBeCloseTo(j === k ? 1 : 0, 9);
          // C v = λ v
          direction.forEach((v, i) =>
            expect(dot(Array.from(covariance.subarray(i * x.columns, (i + 1) * x.columns)), direction)).toBeCloseTo(
              values[k]! * v,
              3,
            ),
          );
          const along = Array.from({ length: x.rows }, (_, r) => row(scores, r)[k]!);
          expect(dot(along, along) / (x.rows - 1)).toBeCloseTo(variances[k]!, 6);
          expect(Math.max(...direction)).toBeGreaterThanOrEqual(-Math.min(...direction) - 1e-9);
        }
      }),
    ));

  it("of points on a line have one component, with all of the variance", () => {
    const { shares, variances } = principalComponents(matrix(4, 3, [0, 0, 0, 1, 2, 2, 2, 4, 4, 3, 6, 6]), { count: 2 });
    expect([...shares].map((share) => Math.round(share * 1e9) / 1e9)).toEqual([1, 0]);
    // Distances 3 along (1, 2, 2): 9 · 5 / 3
    expect(variances[0]).toBeCloseTo(15, 9);
    expect(() => principalComponents(matrix(4, 3, new Float64Array(12)), { count: 4 })).toThrow(
      "principalComponents: count for 4 points of 3 numbers must be a whole number from 1 to 3, got 4",
    );
  });
});

describe("nearest neighbours", () => {
  it("are those that sorting by distance finds", () =>
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.constantFrom("euclidean" as const, "cosine" as const),
        fc.boolean(),
        (seed, metric, others) => {
          const random = new Random(seed);
          const [rows, columns] = [2 + random.integer(30), 1 + random.integer(70)];
          const points = matrix(rows, columns, random.normal(rows * columns));
          const of = others ? matrix(5, columns, random.normal(5 * columns)) : undefined;
          const count = 1 + random.integer(of === undefined ? rows - 1 : rows);
          const found = nearestNeighbors(points, { count, metric, ...(of && { of }) });
          const asked = of ?? points;
          const distance = (a: number[], b: number[]): number =>
            metric === "euclidean"
              ? Math.hypot(...a.map((x, i) => x - b[i]!))
              : 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
          for (let r = 0; r < asked.rows; r++) {
            const sorted = Array.from({ length: rows }, (_, p) => ({ p, d: distance(row(asked, r), row(points, p)) }))
              .filter(({ p }) => of !== undefined || p !== r)
              .sort((a, b) => a.d - b.d)
              .slice(0, count);
            sorted.forEach(({ d }, k) => expect(found.distances[r * count + k]).toBeCloseTo(d, 9));
            expect(Array.from(found.indices.subarray(r * count, (r + 1) * count))).toEqual(sorted.map(({ p }) => p));
          }
        },
      ),
    ));

  it("refuse what they cannot find", () => {
    const three = matrix(3, 1, [0, 1, 2]);
    expect(() => nearestNeighbors(three, { count: 3 })).toThrow(
      "nearestNeighbors: count, the number of neighbours, must be a whole number from 1 to 2, got 3",
    );
    expect(() => nearestNeighbors(three, { count: 1, of: matrix(1, 2, [0, 0]) })).toThrow(
      "nearestNeighbors: the points to look up must be of 1 numbers each, like the others, got 2",
    );
  });
});

/** Last yielded map. */
async function mapOf(points: Matrix, options: TsneOptions): Promise<TsneMap> {
  let last: TsneMap | undefined;
  for await (const look of tsne(points, options)) last = look;
  return last!;
}

/** Share of each point's neighbours that are its neighbours in the map, too. */
function preserved(points: Matrix, map: Matrix, count: number): number {
  const [before, after] = [nearestNeighbors(points, { count }), nearestNeighbors(map, { count })];
  let kept = 0;
  for (let r = 0; r < points.rows; r++) {
    const own = new Set(before.indices.subarray(r * count, (r + 1) * count));
    for (const index of after.indices.subarray(r * count, (r + 1) * count)) if (own.has(index)) kept++;
  }
  return kept / (points.rows * count);
}

describe("t-SNE", () => {
  it("follows the gradient of the divergence as central differences find it, and may approximate distant points", () => {
    const points = clusters(3, 12, 4);
    const affinities = affinitiesOf(nearestNeighbors(points, { count: 12 }), 4);
    expect(affinities.flatMap(({ weights }) => [...weights]).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const map = Float64Array.from(new Random(4).normal(72));
    const measured = (at: Float64Array): number =>
      divergenceOf({ map: at, total: forcesOn(at, affinities, 0, 1).total }, affinities);
    const { forces } = forcesOn(map, affinities, 0, 1);
    const divergence = measured(map);
    // Σ p ln(p / q), over all pairs
    const attraction = (i: number, j: number): number =>
      1 / (1 + (map[2 * i]! - map[2 * j]!) ** 2 + (map[2 * i + 1]! - map[2 * j + 1]!) ** 2);
    let [total, expected] = [0, 0];
    for (let i = 0; i < 36; i++) for (let j = 0; j < 36; j++) if (i !== j) total += attraction(i, j);
    for (const [i, { neighbors, weights }] of affinities.entries())
      weights.forEach((p, k) => (expected += p * Math.log((p * total) / attraction(i, neighbors[k]!))));
    expect(divergence).toBeCloseTo(expected, 9);
    for (let i = 0; i < map.length; i++) {
      const moved = (by: number): number => measured(map.with(i, map[i]! + by));
      expect(forces[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 7);
    }
    const near = forcesOn(map, affinities, 0.5, 1).forces;
    const length = Math.hypot(...forces);
    expect(Math.hypot(...near.map((force, i) => force - forces[i]!))).toBeLessThan(0.05 * length);
  });

  it(
    "of 480 points by Barnes and Hut keeps at least 0.9 of the neighbours that exact t-SNE keeps",
    { timeout: 240_000 },
    async () => {
      const points = clusters(8, 60, 20, 2);
      const [fast, exact] = [await mapOf(points, { steps: 120 }), await mapOf(points, { steps: 120, theta: 0 })];
      const [keptFast, keptExact] = [preserved(points, fast.points, 10), preserved(points, exact.points, 10)];
      expect(keptExact).toBeGreaterThan(0.3);
      expect(keptFast / keptExact).toBeGreaterThanOrEqual(0.9);
      expect(Math.abs(fast.divergence - exact.divergence)).toBeLessThan(0.1 * exact.divergence);
      // Neighbours in the map belong to the same cluster.
      const near = nearestNeighbors(fast.points, { count: 5 });
      const same = Array.from(near.indices, (index, i) => points.labels[index] === points.labels[Math.floor(i / 5)]);
      expect(same.filter(Boolean).length / same.length).toBeGreaterThan(0.95);
    },
  );

  it("yields its progress and can be stopped; the divergence falls and is the same in each run", async () => {
    const points = clusters(3, 20, 5);
    const looks: TsneMap[] = [];
    for await (const look of tsne(points, { steps: 200, every: 40, perplexity: 10 })) looks.push(look);
    expect(looks.map(({ step }) => step)).toEqual([0, 40, 80, 120, 160, 200]);
    expect(looks.at(-1)?.divergence).toBeLessThan(looks[0]!.divergence / 2);
    const again = await mapOf(points, { steps: 200, perplexity: 10 });
    expect(again.points.values).toEqual(looks.at(-1)!.points.values);
    const controller = new AbortController();
    const stopped = async (): Promise<void> => {
      for await (const { step } of tsne(points, { steps: 200, every: 1, signal: controller.signal }))
        if (step === 3) controller.abort(new Error("enough"));
    };
    await expect(stopped()).rejects.toThrow("enough");
    await expect(mapOf(points, { perplexity: 60 })).rejects.toThrow(
      "tsne: perplexity must be at least 1 and less than 59, the number of neighbours of each of 60 points, got 60",
    );
  });

  it("accepts points that are the same", async () => {
    const map = await mapOf(
      matrix(
        12,
        2,
        Array.from({ length: 24 }, (_, i) => (i < 12 ? 1 : i % 2)),
      ),
      { steps: 50, perplexity: 3 },
    );
    expect([...map.points.values].every(Number.isFinite)).toBe(true);
  });
});
