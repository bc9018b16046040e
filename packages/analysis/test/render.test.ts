import { decode } from "fast-png";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import {
  Conv1d,
  Conv2d,
  Dense,
  Flatten,
  GlobalAveragePool,
  MaxPool1d,
  MaxPool2d,
  ReLU,
  Residual,
  sequential,
  type Layer,
} from "@convlens/layers";
import { lenet5, resnet18, vgg16 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { countModules, histogram, modularGraph, operationGraph, toMatrix, trace, volumeTable } from "../src/index.ts";
import {
  colorMap,
  colorOf,
  encodePng,
  overlay,
  paintAtlas,
  paintImage,
  paintMap,
  paintMatrix,
  palette,
  pngUrl,
  scaleOf,
  shortNumber,
  thinned,
  type Raster,
  type Theme,
} from "../src/render/index.ts";
import { filled, some, TwoWays } from "./helpers.ts";
import {
  drawBars,
  drawBoxes,
  drawHistogram,
  drawLegend,
  drawLineChart,
  drawModules,
  drawOperations,
  drawPoints,
  drawTrace,
  drawVolumes,
} from "./svgs.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));

const pixel = ({ width, data }: Raster, x: number, y: number): number[] => [
  ...data.slice(4 * (y * width + x), 4 * (y * width + x) + 4),
];
const count = (svg: string, pattern: RegExp): number => [...svg.matchAll(pattern)].length;

/** Fails if a tag is not closed or an attribute is not quoted. */
function checkWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-zA-Z]+)((?:\s[a-zA-Z0-9:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_, closes: string, name: string, __, empty: string) => {
      if (closes) expect(open.pop()).toBe(name);
      else if (!empty) open.push(name);
      return "";
    },
  );
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]/);
  // Coordinates, not words.
  for (const [, value] of svg.replace(/aria-label="[^"]*"/, "").matchAll(/="([^"]*)"/g))
    expect(value).not.toMatch(/NaN|undefined|Infinity/);
}

const A = (kernelSize: number): Layer => new Conv1d({ filters: 2, kernelSize });
const A2 = (): Layer => new Conv2d({ filters: 2, kernelSize: 2 });
const F = (): Layer[] => [new Flatten(), new Dense({ units: 1 })];
const evil = `<b title="x">&amp;</b>`;

describe("drawings", () => {
  const net = filled(
    sequential([
      new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }),
      new MaxPool2d({ kernelSize: 2 }),
      new ReLU(),
      ...F(),
    ]),
    [4, 4, 3],
  );
  const draw: Readonly<
    Record<string, (options: { theme?: Theme | "auto"; title?: string }) => string | Promise<string>>
  > = {
    "a net of signals as modules": (o) =>
      drawModules(modularGraph(sequential([A(2), new MaxPool1d({ kernelSize: 2 }), A(2), ...F()]), [9, 1]), o),
    "a net of images as modules": (o) =>
      drawModules(modularGraph(sequential([A2(), new MaxPool2d({ kernelSize: 2 }), A2(), ...F()]), [9, 5, 1]), o),
    "a net of numbers as modules": (o) =>
      drawModules(modularGraph(sequential([new Dense({ units: 3 }), new Dense({ units: 1 })]), [2]), o),
    "branches as modules": (o) =>
      drawModules(modularGraph(sequential([new TwoWays(), new GlobalAveragePool()]), [4, 4, 1]), o),
    volumes: (o) => drawVolumes(volumeTable(vgg16(), [224, 224, 3]), o),
    operations: (o) => drawOperations(operationGraph(resnet18(), [64, 64, 3]), o),
    bars: (o) =>
      drawBars(
        [
          { name: evil, value: 3 },
          { name: "less", value: -1, text: evil },
          { name: "none", value: 0 },
        ],
        o,
      ),
    lines: (o) =>
      drawLineChart(
        [
          {
            name: evil,
            points: [
              [0, 1],
              [1, NaN],
              [2, 3],
            ],
            marks: true,
          },
        ],
        { ...o, xLabel: evil },
      ),
    "no lines": (o) => drawLineChart([], o),
    "a histogram": (o) => drawHistogram(histogram([-1, 0, 2, 2, NaN, 9], { high: 3 }), o),
    "a legend": ({ theme, ...o }) => drawLegend(scaleOf([[-1, 2]], theme === "dark" ? { theme } : {}), o),
    boxes: (o) =>
      drawBoxes(
        paintImage({ shape: [4, 6, 1], values: new Float32Array(24) }),
        [
          {
            box: [
              [0, 1],
              [2, 3],
            ],
            name: evil,
          },
          {
            box: [
              [0, 3],
              [0, 5],
            ],
          },
        ],
        o,
      ),
    "a trace of products": async ({ theme, title }) =>
      drawTrace(await trace(net, some([1, 4, 4, 3]), "layers.0", [0, 0, 1]), {
        ...(theme !== "auto" && theme !== undefined && { theme }),
        ...(title !== undefined && { title }),
      }),
    "a trace of the largest": async ({ title = "t" }) =>
      drawTrace(await trace(net, some([1, 4, 4, 3]), "layers.1", [0, 0, 1]), { title }),
    "a trace of many": async ({ title = "t" }) =>
      drawTrace(await trace(net, some([1, 4, 4, 3]), "layers.4", [0]), { title }),
    "a trace of a function": async ({ title = "t" }) =>
      drawTrace(await trace(net, some([1, 4, 4, 3]), "layers.2", [0, 0, 1]), { title }),
  };

  it.each(Object.entries(draw))("of %s are well-formed in every theme, and have a description", async (_, make) => {
    for (const theme of ["light", "dark", "auto"] as const) {
      const svg = await make({ theme });
      checkWellFormed(svg);
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" class="convlens convlens-(light|dark|auto)"/);
      expect(svg).toContain('role="img"');
      expect(svg).toMatch(/aria-label="[^"]+"/);
    }
    const titled = await make({ title: evil });
    checkWellFormed(titled);
    expect(titled).not.toContain("<b ");
  });

  it("contain the colours of both themes, and follow the reader's", () => {
    const svg = drawBars([{ name: "a", value: 1 }]);
    for (const theme of ["light", "dark"] as const) expect(svg).toContain(palette[theme].activation);
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
    expect(drawBars([{ name: "a", value: 1 }], { theme: "light" })).not.toContain(palette.dark.activation);
  });

  it.each<[string, Layer, readonly number[]]>([
    ["colah's nine inputs under a window of three", sequential([A(3), ...F()]), [9, 1]],
    ["A, max and B", sequential([A(2), new MaxPool1d({ kernelSize: 2 }), A(2), ...F()]), [9, 1]],
    ["A and B over an image", sequential([A2(), A2(), ...F()]), [9, 5, 1]],
    [
      "a shortcut",
      sequential([A(2), new Residual({ body: new Conv1d({ filters: 2, kernelSize: 3, padding: 1 }) })]),
      [6, 1],
    ],
  ])("of modules have an element and a line for each: %s", (_, net_, shape) => {
    const graph = modularGraph(net_, shape);
    const svg = drawModules(graph);
    const counts = countModules(graph);
    expect(count(svg, /data-element=/g)).toBe(counts.elements);
    expect(count(svg, /data-to=/g)).toBe(counts.edges);
  });

  it("of modules have the shapes of the published ones: nine circles, seven boxes, a trapezium", () => {
    const svg = drawModules(modularGraph(sequential([A(3), ...F()]), [9, 1]));
    expect(count(svg, />x<\/text>/g)).toBe(9);
    expect(count(svg, />A<\/text>/g)).toBe(7);
    expect(count(svg, />F<\/text><\/g>/g)).toBe(1);
    expect(count(svg, /data-stage="1" data-from=/g)).toBe(21);
  });

  it("of volumes keep the proportions of their edges", () => {
    const table = {
      memory: 0,
      weights: 0,
      parameters: 0,
      rows: [{ name: "INPUT", shape: [40, 20, 30], memory: 0, weights: 0, weightShape: [] }],
    };
    const front =
      /<path d="M([-\d.]+),([-\d.]+)L([-\d.]+),([-\d.]+)L([-\d.]+),([-\d.]+)L([-\d.]+),([-\d.]+)Z"[^>]*fill-opacity="0.28"/;
    const top = /fill-opacity="0.14"/;
    const svg = drawVolumes(table, { scale: "true" });
    const [x0, y0, , y1, x2] = front.exec(svg)!.slice(1).map(Number) as [number, number, number, number, number];
    expect((y0 - y1) / (x2 - x0)).toBeCloseTo(40 / 30, 1);
    const [tx, , bx] = /<path d="M([-\d.]+),([-\d.]+)L([-\d.]+)/.exec(svg)!.slice(1).map(Number) as [
      number,
      number,
      number,
    ];
    expect((bx - tx) / 0.433 / (x2 - x0)).toBeCloseTo(20 / 30, 1);
    expect(svg).toMatch(top);
    expect(svg).toContain("cells");
    expect(drawVolumes(volumeTable(vgg16(), [224, 224, 3]))).toContain("cube roots");
    expect(count(drawVolumes(volumeTable(lenet5(), [28, 28, 1])), /<path [^>]*fill-opacity/g)).toBe(3 * 8);
  });

  it("of operations have a box for each node and a line for each input, and boxes do not overlap", () => {
    for (const graph of [operationGraph(resnet18(), [64, 64, 3], "layers"), operationGraph(new TwoWays(), [5, 5, 1])]) {
      const svg = drawOperations(graph);
      expect(count(svg, /data-node=/g)).toBe(graph.nodes.length);
      expect(count(svg, /<path class="line s-line"/g)).toBe(
        graph.nodes.reduce((sum, { inputs }) => sum + inputs.length, 0),
      );
      const boxes = [
        ...svg.matchAll(/<rect x="([-\d.]+)" y="([-\d.]+)" width="168" height="40" rx="6" class="f-ground"/g),
      ].map((m) => [Number(m[1]), Number(m[2])] as const);
      boxes.forEach(([x, y], i) =>
        boxes.slice(i + 1).forEach(([px, py]) => expect(Math.abs(x - px) >= 168 || Math.abs(y - py) >= 40).toBe(true)),
      );
    }
  });

  it("of lines rise with the numbers, and omit non-finite ones", () => {
    const svg = drawLineChart(
      [
        {
          name: "a",
          points: [
            [0, 1],
            [1, 2],
            [2, NaN],
            [3, 4],
          ],
        },
      ],
      { low: 0, high: 5 },
    );
    const points = /points="([^"]+)"/
      .exec(svg)![1]!
      .split(" ")
      .map((pair) => pair.split(",").map(Number));
    expect(points).toHaveLength(3);
    expect(points[0]?.[1]).toBeGreaterThan(points[1]![1]!);
    expect(points[1]![1]! - points[2]![1]!).toBeCloseTo(2 * (points[0]![1]! - points[1]![1]!), 1);
    expect(
      thinned(
        [
          [0, 1],
          [1, 3],
          [2, 5],
          [3, 7],
        ],
        2,
      ),
    ).toEqual([
      [1, 2],
      [3, 6],
    ]);
  });

  it("of lines list long names below each other, and move the rest down", () => {
    const points = [[0, 0] as const, [1, 1] as const];
    const one = drawLineChart([{ name: "a", points }]);
    const many = drawLineChart(Array.from({ length: 4 }, (_, i) => ({ name: `layers.${i}.filters`, points })));
    checkWellFormed(many);
    const height = (svg: string): number => Number(/<svg[^>]* height="(\d+)"/.exec(svg)![1]);
    const down = height(many) - height(one);
    expect(down).toBeGreaterThan(0);
    expect(many).toContain(`translate(0 ${down})`);
    const names = [...many.matchAll(/<text x="([\d.]+)" y="(-?[\d.]+)"[^>]*>layers/g)].map(([, x, y]) => [
      Number(x),
      Number(y) + down,
    ]);
    expect(names).toHaveLength(4);
    for (const [x, y] of names) {
      expect(x! + 7 * 16).toBeLessThanOrEqual(640);
      expect(y).toBeGreaterThan(8);
    }
    expect(new Set(names.map(([, y]) => y)).size).toBe(2);
  });

  it("of a histogram have bars in proportion to the counts", () => {
    const svg = drawHistogram(histogram([0, 1, 1, 2, 2, 2, 2], { bins: 3 }));
    const heights = [...svg.matchAll(/<rect class="f-activation"[^>]*height="([\d.]+)"/g)].map((m) => Number(m[1]));
    expect(heights.map((h) => +((4 * h) / heights[2]!).toFixed(2))).toEqual([1, 2, 4]);
  });

  it("of a trace show every number of the window, and mark the largest", async () => {
    const x = some([1, 4, 4, 3]);
    const svg = drawTrace(await trace(net, x, "layers.0", [1, 1, 0]));
    expect(count(svg, /<rect x=/g)).toBe(3 * 27);
    expect(count(drawTrace(await trace(net, x, "layers.1", [0, 0, 1])), /★/g)).toBe(1);
    // Six of 16 channels are shown, and the others counted.
    const wide = filled(new Conv2d({ filters: 1, kernelSize: 2 }), [3, 3, 16]);
    const many = drawTrace(await trace(wide, some([1, 3, 3, 16]), "", [0, 0, 0]));
    expect(many).toContain("10 more channels");
    expect(drawTrace(await trace(filled(new Dense({ units: 2 }), [40]), some([1, 40]), "", [0]))).toContain(
      "28 more: ",
    );
    const signal = filled(new Conv1d({ filters: 1, kernelSize: 3 }), [5, 2]);
    expect(count(drawTrace(await trace(signal, some([1, 5, 2]), "", [0, 0])), /<rect x=/g)).toBe(3 * 6);
  });
});

describe("points", () => {
  const at = (svg: string, mark: string): readonly [number, number] => {
    const [, x, y] = new RegExp(`<text x="([\\d.]+)" y="([\\d.]+)"[^>]*>${mark}<`).exec(svg)!;
    return [Number(x), Number(y) - 4];
  };

  it("have the same scale on both axes, upwards, within the frame", () => {
    const svg = drawPoints(
      [...[0, 1, 2].map((kind) => ({ x: [-3, 1, 0][kind]!, y: [0, 2, -2][kind]!, kind }))],
      ["a", "b", "c"],
    );
    checkWellFormed(svg);
    const [a, b, c] = ["a", "b", "c"].map((mark) => at(svg, mark)) as [
      [number, number],
      [number, number],
      [number, number],
    ];
    expect([a[0], b[0]]).toEqual([16, 464]);
    expect(b[0] - a[0]).toBeCloseTo(448, 6);
    // 4 to the right is as long as 4 down.
    expect(c[1] - b[1]).toBeCloseTo(448, 6);
    expect(svg).toContain("3 points of 3 classes");
  });

  it("of classes with long names have a numbered legend; the selected point is drawn last, so that nothing hides it", () => {
    const points = [
      { x: 0, y: 0, kind: 1, selected: true, about: "a < b" },
      { x: 1, y: 1, kind: 0 },
    ];
    const svg = drawPoints(points, ["circle", "square"]);
    checkWellFormed(svg);
    expect(svg).toContain("1 circle");
    expect(svg.indexOf('s-ink" stroke-width')).toBeGreaterThan(svg.indexOf(">1<"));
    expect(svg).toContain("<title>a &#60; b</title>");
    checkWellFormed(drawPoints([], []));
  });
});

describe("painting", () => {
  it("gives each number its colour, on a scale that fits all", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 }),
        fc.constantFrom<Theme>("light", "dark"),
        (values, theme) => {
          const picture = paintMap({ shape: [2, 3], values }, { theme });
          const signed = values.some((x) => x < 0);
          const size = Math.max(...values.map(Math.abs));
          values.forEach((x, i) => {
            const expected = colorOf(colorMap(signed ? "signed" : "sequential", theme), size === 0 ? 0 : x / size);
            const got = pixel(picture, i % 3, Math.floor(i / 3));
            expect(got[3]).toBe(255);
            got.slice(0, 3).forEach((c, k) => expect(Math.abs(c - expected[k]!)).toBeLessThan(12));
          });
        },
      ),
      // Subnormal numbers.
      { examples: [[[0, 5e-324, 0, 0, 0, 0], "light"]] },
    );
  });

  it("shows zero in one colour and NaN in magenta, and clips out-of-range numbers", () => {
    const picture = paintMap({ shape: [5], values: [0, NaN, 9, -9, 1] }, { range: [-1, 1], map: "signed" });
    const map = colorMap("signed");
    expect([0, 1, 2, 3, 4].map((x) => pixel(picture, x, 0).slice(0, 3))).toEqual([
      [...colorOf(map, 0)],
      [255, 0, 255],
      [...colorOf(map, 1)],
      [...colorOf(map, -1)],
      [...colorOf(map, 1)],
    ]);
    // Zeros alone have no colour.
    expect(pixel(paintMap({ shape: [1], values: [0] }), 0, 0).slice(0, 3)).toEqual([
      ...colorOf(colorMap("sequential"), 0),
    ]);
    expect(pixel(paintMap({ shape: [1], values: [0] }, { map: "signed" }), 0, 0).slice(0, 3)).toEqual([
      ...colorOf(map, 0),
    ]);
    // Ink on paper: a reversed range.
    expect(pixel(paintMap({ shape: [2], values: [0, 1] }, { map: "gray", range: [1, 0] }), 0, 0)).toEqual([
      255, 255, 255, 255,
    ]);
    expect(() => paintMap({ shape: [2, 2, 2], values: new Float32Array(8) })).toThrow("rows and columns");
    expect(() => paintMap({ shape: [3], values: [1] })).toThrow("got 1 for [3]");
  });

  it("places maps side by side on one scale, with a transparent gap", () => {
    const maps = [1, 2, 3].map((x) => ({ shape: [2, 2], values: [x, x, x, x] }));
    const atlas = paintAtlas(maps, { columns: 2 });
    expect(atlas).toMatchObject({ width: 5, height: 5, columns: 2, step: [3, 3] });
    const at = (k: number): number[] => pixel(atlas, (k % 2) * 3, Math.floor(k / 2) * 3);
    expect([0, 1, 2].map(at)).toEqual([1, 2, 3].map((x) => [...colorOf(colorMap("sequential"), x / 3), 255]));
    expect(pixel(atlas, 2, 0)).toEqual([0, 0, 0, 0]);
    expect(pixel(atlas, 3, 3)).toEqual([0, 0, 0, 0]);
    expect(paintAtlas([])).toMatchObject({ width: 1, height: 1 });
  });

  it("keeps the colours of photographs", () => {
    expect([...paintImage({ shape: [1, 2, 3], values: [1, 0, 0, 0, 0.5, 1] }).data]).toEqual([
      255, 0, 0, 255, 0, 128, 255, 255,
    ]);
    expect([...paintImage({ shape: [1, 1, 1], values: [7] }, { range: [0, 14] }).data]).toEqual([128, 128, 128, 255]);
    expect([...paintImage({ shape: [1, 1, 4], values: [1, 1, 1, 0.2] }).data]).toEqual([255, 255, 255, 51]);
    expect(() => paintImage({ shape: [1, 1, 2], values: [1, 2] })).toThrow("[height, width, 1, 3 or 4]");
  });

  it("blends two images", () => {
    const small = paintImage({ shape: [1, 2, 1], values: [0, 1] });
    const glass = overlay(small, { shape: [1, 2], values: [0, 2] }, { strength: 1 });
    expect(pixel(glass, 0, 0)).toEqual([0, 0, 0, 255]);
    expect(pixel(glass, 1, 0).slice(0, 3)).toEqual([...colorOf(colorMap("sequential"), 1)]);
    expect(() => overlay(small, { shape: [2, 2], values: [1, 2, 3, 4] })).toThrow("resize one of them");
  });

  it("gives every copy of a weight in a matrix the colour of the weight", () => {
    const matrix = toMatrix(new Conv2d({ filters: 1, kernelSize: 2 }), [3, 3, 1]);
    for (const options of [{}, { weights: [1, -2, 0.5, 2] }]) {
      const picture = paintMatrix(matrix, options);
      expect(picture).toMatchObject({ width: 9, height: 4 });
      const colors = new Map<string, Set<number>>();
      matrix.entries.row.forEach((row, i) => {
        const color = pixel(picture, matrix.entries.column[i]!, row).join();
        colors.set(color, (colors.get(color) ?? new Set()).add(matrix.entries.weight[i]!));
      });
      expect([...colors.values()].map((set) => set.size)).toEqual([1, 1, 1, 1]);
      expect(pixel(picture, 8, 0)).toEqual([255, 255, 255, 255]);
    }
  });

  it("makes a PNG file that another decoder reads", () => {
    const picture = paintMap({ shape: [100, 120], values: some([100, 120]).knownValues });
    const read = decode(encodePng(picture));
    expect([read.width, read.height, read.channels]).toEqual([120, 100, 4]);
    expect([...read.data]).toEqual([...picture.data]);
    const url = pngUrl(picture);
    expect(Buffer.from(url.replace("data:image/png;base64,", ""), "base64").equals(encodePng(picture))).toBe(true);
  });
});

describe("roles", () => {
  it("of text have enough contrast on their page", () => {
    const light = (hex: string): number => {
      const [r, g, b] = [1, 3, 5]
        .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (const theme of ["light", "dark"] as const) {
      const { ground, line: _line, selected: _selected, ...texts } = palette[theme];
      for (const [role, color] of Object.entries(texts)) {
        const [a, b] = [light(color), light(ground)].sort((x, y) => y - x) as [number, number];
        expect((a + 0.05) / (b + 0.05), `${role} on ${theme}`).toBeGreaterThan(4.5);
      }
    }
  });

  it("numbers are formatted briefly", () => {
    expect([0, -0.12345, 1234, 123456, 7654321, 2e10, Infinity].map(shortNumber)).toEqual([
      "0",
      "−0.123",
      "1230",
      "123k",
      "7.65M",
      "20G",
      "Infinity",
    ]);
  });
});
