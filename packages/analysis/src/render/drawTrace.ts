import { checkOptions, oneOf } from "@convlens/backend";
import type { ProductsTrace, Trace, TracedInput, TracedProduct } from "../walkthrough/trace.ts";
import { colorOf, type Theme } from "./colorMaps.ts";
import { scaleOf, type Scale } from "./raster.ts";
import { drawing, element, label, shortNumber, textElement, widthChecks, type WidthOptions } from "./svg.ts";

const CELL = 44;
const GAP = 46;
const TOP = 40;
/** Room for names on the left and for sums on the right of grids, and for a list. */
const [LEFT, SUM, LIST] = [96, 58, 640];
/** More slices or products than these are summed up in a line. */
const MOST_SLICES = 6;
const MOST_BARS = 12;

/** What {@link drawTrace} may be told. Cells are coloured, so a theme must be chosen. */
export interface TraceOptions extends WidthOptions {
  /** Default: `"light"`. */
  readonly theme?: Theme;
}

/** Numbers in cells, on the colour that stands for them; black or white, whichever is read more easily. */
function cell(x: number, y: number, value: number, scale: Scale, isPadding = false): string {
  const size = Math.max(Math.abs(scale.low), scale.high) || 1;
  const [r, g, b] = colorOf(scale.colors, value / size);
  const linear = [r, g, b].map((c) => (c / 255) ** 2.2) as [number, number, number];
  const isBright = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179;
  const box = element("rect", {
    ...{ x, y, width: CELL, height: CELL, class: "s-line", fill: `rgb(${r} ${g} ${b})` },
    ...{ "stroke-dasharray": isPadding ? "2 3" : undefined, "stroke-opacity": "0.6" },
  });
  const text = textElement(
    "text",
    { x: x + CELL / 2, y: y + CELL / 2 + 4, "text-anchor": "middle", fill: isBright ? "#000000" : "#ffffff" },
    Math.abs(value) < 100 ? `${+value.toFixed(2)}`.replace("-", "−") : shortNumber(value),
  );
  return box + text;
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly terms: readonly (TracedProduct | undefined)[];
}

/** Products by slices of depth, each as the window lies: `[height, width, channels, filters]`, of a signal without the height. */
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

function drawSlices(
  trace: ProductsTrace,
  slices: readonly Grid[],
  { width = Infinity, theme = "light", title }: TraceOptions,
): string {
  const shown = slices.slice(0, MOST_SLICES);
  const terms = slices.flatMap((slice) => slice.terms.flatMap((term) => term ?? []));
  const kinds = ["x", "w", "product"] as const;
  const scales = kinds.map((kind) => scaleOf([terms.map((term) => term[kind])], { map: "signed", theme }));
  const { rows, columns } = shown[0]!;
  const [wide, tall] = [columns * CELL, rows * CELL];
  const sum = (slice: Grid): number => slice.terms.reduce((total, term) => total + (term?.product ?? 0), 0);
  // Three grids side by side, or below each other where that is too wide.
  const isStacked = LEFT + 3 * (wide + GAP) + SUM > width;
  const at = (k: number, which: number): readonly [x: number, y: number] =>
    isStacked ? [4, TOP + (3 * k + which) * (tall + TOP)] : [LEFT + which * (wide + GAP), TOP + k * (tall + 18)];
  const content = shown.map((slice, k) => {
    const grids = kinds.map((kind, which) => {
      const [left, top] = at(k, which);
      return slice.terms.map((term, i) => {
        const [x, y] = [left + (i % columns) * CELL, top + Math.floor(i / columns) * CELL];
        return term === undefined
          ? ""
          : cell(x, y, term[kind], scales[which]!, which === 0 && term.input === undefined);
      });
    });
    const [x, y] = at(k, 2);
    const [end, middle] = [x + wide + GAP, y + tall / 2 + 5];
    const signs = ["×", "=", "Σ"].map((sign, which) =>
      isStacked && which < 2
        ? ""
        : label(at(k, which)[0] + wide + GAP / 2, middle, sign, { class: "f-ink", "font-size": 16 }),
    );
    const name = isStacked ? "" : label(LEFT - 12, middle, `channel ${k}`, { anchor: "end", class: "f-muted" });
    const heads = ["what it sees", "weights", "products"].map((text, which) => {
      const [left, top] = at(k, which);
      if (!isStacked) return k > 0 ? "" : label(left + wide / 2, top - 16, text, { class: "f-muted" });
      const words = [`channel ${k}: ${text}`, `× ${text}`, `= ${text}`][which]!;
      return label(left, top - 10, words, { anchor: "start", class: "f-muted" });
    });
    return (
      name +
      heads.join("") +
      grids.flat().join("") +
      signs.join("") +
      label(end, middle, shortNumber(sum(slice)), { anchor: "start", class: "f-ink" })
    );
  });
  const [last, bottom] = at(shown.length - 1, 2);
  const end = last + wide + GAP;
  let y = bottom + tall + 30;
  const row = (name: string, value: number): string => {
    const text =
      label(end - 14, y, name, { anchor: "end", class: "f-muted" }) +
      label(end, y, shortNumber(value), { anchor: "start", class: "f-ink" });
    y += 20;
    return text;
  };
  const hidden = slices.slice(MOST_SLICES);
  const foot = [
    hidden.length > 0
      ? row(
          `${hidden.length} more channels`,
          hidden.reduce((total, slice) => total + sum(slice), 0),
        )
      : "",
    trace.bias === undefined ? "" : row("bias", trace.bias),
    row("in all", trace.value),
  ];
  return drawing(end + SUM, y + 4, content.join("") + foot.join(""), {
    theme,
    title: title ?? told(trace),
  });
}

/** What a trace says, in words. */
function told(trace: Trace): string {
  const where = `unit [${trace.unit.join(", ")}] of ${trace.name || trace.type}`;
  if (trace.kind === "products") {
    const count = trace.sums.reduce((total, terms) => total + terms.length, 0);
    return `${where}: ${count} products${trace.bias === undefined ? "" : ` and the bias ${shortNumber(trace.bias)}`} add up to ${shortNumber(trace.value)}`;
  }
  if (trace.kind === "largest")
    return `${where}: the largest of ${trace.candidates.length} is ${shortNumber(trace.value)}`;
  if (trace.kind === "mean")
    return `${where}: the sum of ${trace.terms.length}, divided by ${shortNumber(trace.divisor)}, is ${shortNumber(trace.value)}`;
  return `${where}: ${trace.operations.join(", ")} of ${trace.inputs.length} numbers is ${shortNumber(trace.value)}`;
}

/** Numbers as a list of bars, the largest first; the rest in one line. */
function drawList(
  trace: Trace,
  list: readonly (TracedInput & { readonly size: number; readonly text: string })[],
  { width: widest = LIST, theme = "light", title }: TraceOptions,
): string {
  const weight = (size: number): number => (trace.kind === "largest" ? size : Math.abs(size));
  const order = [...list].sort((a, b) => weight(b.size) - weight(a.size));
  const shown = order.slice(0, MOST_BARS);
  const rest = order.slice(MOST_BARS);
  const width = Math.min(widest, LIST);
  const others = rest.reduce((sum, { size }) => sum + size, 0);
  const more = rest.length === 0 ? "" : `${rest.length} more: ${shortNumber(others)}`;
  const scale = scaleOf([list.map(({ size }) => size)], { map: "signed", theme });
  // Names, bars on one side of a line or on both, and what they are: bars get the room that words leave.
  const names = shown.map(({ input }) => (input === undefined ? "padding" : `[${input.join(", ")}]`));
  const longest = (texts: readonly string[]): number => 6.5 * Math.max(...texts.map((text) => text.length));
  const left = 20 + longest(names);
  const room = Math.min(300, Math.max(60, width - left - 24 - longest([...shown.map(({ text }) => text), more])));
  const half = shown.some(({ size }) => size < 0) ? room / 2 : room;
  const [zero, words] = [left + room - half, left + room + 14];
  const top = TOP + 20;
  const rows = shown.map(({ size, text }, i) => {
    const y = top + i * 26;
    const [r, g, b] = colorOf(scale.colors, size / (scale.high || 1));
    const long = (Math.abs(size) / (scale.high || 1)) * half;
    return (
      label(left - 10, y + 14, names[i]!, { anchor: "end", class: "f-muted" }) +
      element("rect", {
        x: size < 0 ? zero - long : zero,
        y,
        width: Math.max(1, long),
        height: 18,
        fill: `rgb(${r} ${g} ${b})`,
        class: "s-line",
        "stroke-opacity": "0.5",
      }) +
      label(words, y + 14, text, { anchor: "start", class: "f-ink" })
    );
  });
  const end = top + shown.length * 26;
  const height = end + (more === "" ? 10 : 36);
  const line = element("line", { x1: zero, x2: zero, y1: top - 4, y2: height - 8, class: "s-line" });
  const heads = told(trace)
    .split(/(?<=:) /)
    .map((text, i) => label(10, 20 + 18 * i, text, { anchor: "start", class: "f-ink" }));
  return drawing(
    width,
    height,
    heads.join("") + rows.join("") + label(words, end + 14, more, { anchor: "start", class: "f-muted" }) + line,
    { theme, title: title ?? told(trace) },
  );
}

/**
 * How one number comes about, as a picture: of a convolution what the window sees, its weights and their products, slice by slice,
 * with all numbers; of other layers the numbers that it is made of, the weightiest first.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3, padding: 1 })]);
 * const svg = drawTrace(await trace(net, normal([1, 5, 5, 3]), "layers.0", [0, 2, 1]));
 * ```
 */
export function drawTrace(trace: Trace, options: TraceOptions = {}): string {
  checkOptions("drawTrace", options, { ...widthChecks, theme: oneOf("light", "dark") });
  if (trace.kind === "products") {
    const slices = slicesOf(trace);
    if (slices !== undefined && slices[0]!.rows * CELL <= 500 && slices[0]!.columns * CELL <= 500)
      return drawSlices(trace, slices, options);
    const terms = trace.sums.flat().map((term) => ({
      ...term,
      size: term.product,
      text: `${shortNumber(term.x)} · ${shortNumber(term.w)} = ${shortNumber(term.product)}`,
    }));
    return drawList(trace, terms, options);
  }
  if (trace.kind === "largest") {
    const won = trace.candidates.map((each, i) => ({
      ...each,
      size: each.x,
      text: `${shortNumber(each.x)}${i === trace.winner ? " ★ the winner" : ""}`,
    }));
    return drawList(trace, won, options);
  }
  const inputs = trace.kind === "mean" ? trace.terms : trace.inputs;
  return drawList(
    trace,
    inputs.map((each) => ({ ...each, size: each.x, text: shortNumber(each.x) })),
    options,
  );
}
