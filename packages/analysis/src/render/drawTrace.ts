import { checkOptions, oneOf } from "@convlens/backend";
import type { ProductsTrace, Trace, TracedInput, TracedProduct } from "../walkthrough/trace.ts";
import { colorOf, type Theme } from "./colorMaps.ts";
import { scaleOf, type Scale } from "./raster.ts";
import { label, scene, shape, widthChecks, type Scene, type SceneShape, type WidthOptions } from "./scene.ts";
import { shortNumber } from "./shortNumber.ts";

const CELL = 44;
const GAP = 46;
const TOP = 40;
/** Room for names on the left and for sums on the right of grids, and width of a list. */
const [LEFT, SUM, LIST] = [96, 58, 640];
/** Slices and products beyond these are summed up in a line. */
const MOST_SLICES = 6;
const MOST_BARS = 12;

/** Options of {@link drawTrace}. Its cells are coloured by a colour map, so the theme is light or dark. */
export interface TraceOptions extends WidthOptions {
  /** Default: `"light"`. */
  readonly theme?: Theme;
}

/** A number in a cell with the number's colour, in black or white, whichever is easier to read. */
function cell(x: number, y: number, value: number, scale: Scale, isPadding = false): SceneShape[] {
  const size = Math.max(Math.abs(scale.low), scale.high) || 1;
  const [r, g, b] = colorOf(scale.colors, value / size);
  const linear = [r, g, b].map((c) => (c / 255) ** 2.2) as [number, number, number];
  const isBright = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179;
  const box = { x, y, width: CELL, height: CELL, stroke: "line", fill: `rgb(${r} ${g} ${b})` } as const;
  const text = { x: x + CELL / 2, y: y + CELL / 2 + 4, "text-anchor": "middle" };
  return [
    shape("rect", { ...box, "stroke-dasharray": isPadding ? "2 3" : undefined, "stroke-opacity": "0.6" }),
    shape(
      "text",
      { ...text, fill: isBright ? "#000000" : "#ffffff" },
      Math.abs(value) < 100 ? `${+value.toFixed(2)}`.replace("-", "−") : shortNumber(value),
    ),
  ];
}

/** The products of one channel as the window lies over them. */
interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly terms: readonly (TracedProduct | undefined)[];
}

/** Products by channel. Weights are `[height, width, channels, filters]`, of a signal without the height. */
function slicesOf({ sums }: ProductsTrace): Grid[] | undefined {
  const terms = sums[0] ?? [];
  const rank = terms[0]?.weight.length;
  if (sums.length !== 1 || (rank !== 4 && rank !== 3)) return undefined;
  const slices: { rows: number; columns: number; terms: Map<string, TracedProduct> }[] = [];
  for (const term of terms) {
    const [ky, kx, c] = (rank === 4 ? term.weight : [0, ...term.weight]) as [number, number, number];
    const slice = (slices[c] ??= { rows: 0, columns: 0, terms: new Map() });
    slice.rows = Math.max(slice.rows, ky + 1);
    slice.columns = Math.max(slice.columns, kx + 1);
    slice.terms.set(`${ky} ${kx}`, term);
  }
  return slices.map(({ rows, columns, terms: own }) => ({
    rows,
    columns,
    terms: Array.from({ length: rows * columns }, (_, i) => own.get(`${Math.floor(i / columns)} ${i % columns}`)),
  }));
}

const sumOf = ({ terms }: Grid): number => terms.reduce((total, term) => total + (term?.product ?? 0), 0);

/** The grids of a slice, from left to right or from top to bottom. */
const kinds = ["x", "w", "product"] as const;
const kindNames = ["receptive field", "weights", "products"];

/** Where the grids of slices lie: three side by side, or below each other where that is too wide. */
interface GridLayout {
  readonly isStacked: boolean;
  /** Size of a grid. */
  readonly wide: number;
  readonly tall: number;
  readonly at: (slice: number, kind: number) => readonly [x: number, y: number];
}

function layoutOf({ rows, columns }: Grid, width: number): GridLayout {
  const [wide, tall] = [columns * CELL, rows * CELL];
  const isStacked = LEFT + 3 * (wide + GAP) + SUM > width;
  const at = (k: number, which: number): readonly [number, number] =>
    isStacked ? [4, TOP + (3 * k + which) * (tall + TOP)] : [LEFT + which * (wide + GAP), TOP + k * (tall + 18)];
  return { isStacked, wide, tall, at };
}

/** One channel: what the window covers, the weights, the products and their sum. */
function drawSlice(slice: Grid, k: number, layout: GridLayout, scales: readonly Scale[]): SceneShape[] {
  const { isStacked, wide, tall, at } = layout;
  const { columns, terms } = slice;
  const grids = kinds.flatMap((kind, which) => {
    const [left, top] = at(k, which);
    return terms.flatMap((term, i) => {
      const [x, y] = [left + (i % columns) * CELL, top + Math.floor(i / columns) * CELL];
      const isPadding = which === 0 && term?.input === undefined;
      return term === undefined ? [] : cell(x, y, term[kind], scales[which]!, isPadding);
    });
  });
  const [last, y] = at(k, 2);
  const middle = y + tall / 2 + 5;
  const signs = ["×", "=", "Σ"].flatMap((sign, which) =>
    isStacked && which < 2
      ? []
      : [label(at(k, which)[0] + wide + GAP / 2, middle, sign, { fill: "ink", "font-size": 16 })],
  );
  const heads = kindNames.flatMap((text, which) => {
    const [left, top] = at(k, which);
    if (!isStacked) return k > 0 ? [] : [label(left + wide / 2, top - 16, text, { fill: "muted" })];
    const words = [`channel ${k}: ${text}`, `× ${text}`, `= ${text}`][which]!;
    return [label(left, top - 10, words, { anchor: "start", fill: "muted" })];
  });
  const name = label(LEFT - 12, middle, `channel ${k}`, { anchor: "end", fill: "muted" });
  const sum = label(last + wide + GAP, middle, shortNumber(sumOf(slice)), { anchor: "start", fill: "ink" });
  return [...(isStacked ? [] : [name]), ...heads, ...grids, ...signs, sum];
}

function drawSlices(
  trace: ProductsTrace,
  slices: readonly Grid[],
  { width = Infinity, theme = "light", title = summary(trace) }: TraceOptions,
): Scene {
  const [shown, hidden] = [slices.slice(0, MOST_SLICES), slices.slice(MOST_SLICES)];
  const terms = slices.flatMap((slice) => slice.terms.flatMap((term) => term ?? []));
  const scales = kinds.map((kind) => scaleOf([terms.map((term) => term[kind])], { map: "signed", theme }));
  const layout = layoutOf(shown[0]!, width);
  const [last, bottom] = layout.at(shown.length - 1, 2);
  const end = last + layout.wide + GAP;
  const rest = hidden.reduce((total, slice) => total + sumOf(slice), 0);
  const rows: (readonly [name: string, value: number])[] = [
    ...(hidden.length > 0 ? [[`${hidden.length} more channels`, rest] as const] : []),
    ...(trace.bias === undefined ? [] : [["bias", trace.bias] as const]),
    ["in all", trace.value],
  ];
  const foot = bottom + layout.tall + 30;
  const sums = rows.flatMap(([name, value], i) => [
    label(end - 14, foot + 20 * i, name, { anchor: "end", fill: "muted" }),
    label(end, foot + 20 * i, shortNumber(value), { anchor: "start", fill: "ink" }),
  ]);
  const content = shown.flatMap((slice, k) => drawSlice(slice, k, layout, scales));
  return scene(end + SUM, foot + 20 * rows.length + 4, [...content, ...sums], { theme, title });
}

/** A sentence that says what a trace found. */
function summary(trace: Trace): string {
  const where = `unit [${trace.unit.join(", ")}] of ${trace.name || trace.type}`;
  const value = shortNumber(trace.value);
  switch (trace.kind) {
    case "products": {
      const count = trace.sums.reduce((total, terms) => total + terms.length, 0);
      const bias = trace.bias === undefined ? "" : ` and the bias ${shortNumber(trace.bias)}`;
      return `${where}: ${count} products${bias} add up to ${value}`;
    }
    case "largest":
      return `${where}: the largest of ${trace.candidates.length} is ${value}`;
    case "mean":
      return `${where}: the sum of ${trace.terms.length}, divided by ${shortNumber(trace.divisor)}, is ${value}`;
    default:
      return `${where}: ${trace.operations.join(", ")} of ${trace.inputs.length} numbers is ${value}`;
  }
}

/** A row of a list. */
type Entry = TracedInput & { readonly size: number; readonly text: string };

/** Numbers as a list of bars, the largest first. The rest is summed up in one line. */
function drawList(
  trace: Trace,
  list: readonly Entry[],
  { width: widest = LIST, theme = "light", title = summary(trace) }: TraceOptions,
): Scene {
  const weight = (size: number): number => (trace.kind === "largest" ? size : Math.abs(size));
  const order = [...list].sort((a, b) => weight(b.size) - weight(a.size));
  const [shown, rest] = [order.slice(0, MOST_BARS), order.slice(MOST_BARS)];
  const width = Math.min(widest, LIST);
  const others = rest.reduce((sum, { size }) => sum + size, 0);
  const more = rest.length === 0 ? "" : `${rest.length} more: ${shortNumber(others)}`;
  const scale = scaleOf([list.map(({ size }) => size)], { map: "signed", theme });
  // Names, then bars on one side of a line or on both, then texts. Bars get the room that texts leave.
  const names = shown.map(({ input }) => (input === undefined ? "padding" : `[${input.join(", ")}]`));
  const longest = (texts: readonly string[]): number => 6.5 * Math.max(...texts.map((text) => text.length));
  const left = 20 + longest(names);
  const room = Math.min(300, Math.max(60, width - left - 24 - longest([...shown.map(({ text }) => text), more])));
  const half = shown.some(({ size }) => size < 0) ? room / 2 : room;
  const [zero, words] = [left + room - half, left + room + 14];
  const top = TOP + 20;
  const rows = shown.flatMap(({ size, text }, i) => {
    const y = top + i * 26;
    const [r, g, b] = colorOf(scale.colors, size / (scale.high || 1));
    const long = (Math.abs(size) / (scale.high || 1)) * half;
    const bar = { x: size < 0 ? zero - long : zero, y, width: Math.max(1, long), height: 18 };
    return [
      label(left - 10, y + 14, names[i]!, { anchor: "end", fill: "muted" }),
      shape("rect", { ...bar, fill: `rgb(${r} ${g} ${b})`, stroke: "line", "stroke-opacity": "0.5" }),
      label(words, y + 14, text, { anchor: "start", fill: "ink" }),
    ];
  });
  const end = top + shown.length * 26;
  const height = end + (more === "" ? 10 : 36);
  const heads = summary(trace)
    .split(/(?<=:) /)
    .map((text, i) => label(10, 20 + 18 * i, text, { anchor: "start", fill: "ink" }));
  const foot = label(words, end + 14, more, { anchor: "start", fill: "muted" });
  const line = shape("line", { x1: zero, x2: zero, y1: top - 4, y2: height - 8, stroke: "line" });
  return scene(width, height, [...heads, ...rows, foot, line], { theme, title });
}

/** What a trace's value is made of, as rows of a list. */
function entriesOf(trace: Trace): readonly Entry[] {
  switch (trace.kind) {
    case "products":
      return trace.sums.flat().map((term) => ({
        ...term,
        size: term.product,
        text: `${shortNumber(term.x)} · ${shortNumber(term.w)} = ${shortNumber(term.product)}`,
      }));
    case "largest":
      return trace.candidates.map((each, i) => ({
        ...each,
        size: each.x,
        text: `${shortNumber(each.x)}${i === trace.winner ? " ★ the largest" : ""}`,
      }));
    default: {
      const inputs = trace.kind === "mean" ? trace.terms : trace.inputs;
      return inputs.map((each) => ({ ...each, size: each.x, text: shortNumber(each.x) }));
    }
  }
}

/**
 * How one number is computed. Of a convolution: the receptive field, the weights and their products, channel by channel, with all
 * numbers. Of other layers: a list of the numbers that it is made of, the largest first.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3, padding: 1 })]);
 * const svg = toSvg(drawTrace(await trace(net, normal([1, 5, 5, 3]), "layers.0", [0, 2, 1])));
 * ```
 */
export function drawTrace(trace: Trace, options: TraceOptions = {}): Scene {
  checkOptions("drawTrace", options, { ...widthChecks, theme: oneOf("light", "dark") });
  const slices = trace.kind === "products" ? slicesOf(trace) : undefined;
  if (trace.kind === "products" && slices !== undefined) {
    const { rows, columns } = slices[0]!;
    if (rows * CELL <= 500 && columns * CELL <= 500) return drawSlices(trace, slices, options);
  }
  return drawList(trace, entriesOf(trace), options);
}
