import { checkOptions } from "@convlens/backend";
import { finiteOption, textOption } from "../optionChecks.ts";
import { drawing, element, label, round, shortNumber, tooltip, widthChecks, type WidthOptions } from "./svg.ts";

/** A line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Points are marked, for the few; or not, for the many. */
  readonly marks?: boolean;
}

/** What {@link drawLineChart} may be told. */
export interface LineChartOptions extends WidthOptions {
  /** What stands at the horizontal axis. */
  readonly xLabel?: string;
  /** Where the vertical axis begins and ends. Default: at the least and the greatest. */
  readonly low?: number;
  readonly high?: number;
  /** How many pixels it is wide. Default: 640. */
  readonly width?: number;
}

const HEIGHT = 260;
const LEFT = 52;
const RIGHT = 12;
const BOTTOM = 34;
const TOP = 26;
/** From one line of the legend to the next. */
const ROW = 18;

/** Lines differ in dashes as well as in colour. */
const looks = [
  { role: "input", dashes: undefined },
  { role: "positive", dashes: "6 4" },
  { role: "activation", dashes: "2 3" },
  { role: "gradient", dashes: "10 3 2 3" },
] as const;

/** Numbers at equal, round distances that cover a range. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((size) => size >= rough)!;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(+(i * step).toPrecision(12));
  return found;
}

/** Where each entry of a legend begins: side by side, and below where there is no more room. */
function placesOfKeys(names: readonly string[], width: number): { readonly x: number; readonly row: number }[] {
  let [x, row] = [LEFT, 0];
  return names.map((name) => {
    const wide = 50 + 7 * name.length;
    if (x > LEFT && x + wide > width) [x, row] = [LEFT, row + 1];
    const place = { x, row };
    x += wide;
    return place;
  });
}

/**
 * Lines over a common axis, with a legend above.
 *
 * @example
 * ```ts
 * const svg = drawLineChart([{ name: "loss", points: [[0, 2.3], [10, 0.9], [20, 0.4]] }], { xLabel: "steps", low: 0 });
 * ```
 */
export function drawLineChart(series: readonly Series[], options: LineChartOptions = {}): string {
  checkOptions("drawLineChart", options, { ...widthChecks, xLabel: textOption, low: finiteOption, high: finiteOption });
  const { xLabel = "", low, high, width = 640, title, theme = "auto" } = options;
  const all = series.flatMap(({ points }) => points);
  const ys = all.map(([, y]) => y).filter(Number.isFinite);
  const xs = all.map(([x]) => x);
  const [x0, x1] = [Math.min(0, ...xs), Math.max(...xs, xs.length === 0 ? 1 : -Infinity)];
  const [y0, y1] = [
    low ?? Math.min(...ys, ys.length === 0 ? 0 : Infinity),
    high ?? Math.max(...ys, ys.length === 0 ? 1 : -Infinity),
  ];
  const px = (x: number): number => LEFT + ((x - x0) / (x1 - x0 || 1)) * (width - LEFT - RIGHT);
  const py = (y: number): number =>
    HEIGHT - BOTTOM - ((Math.min(y1, Math.max(y0, y)) - y0) / (y1 - y0 || 1)) * (HEIGHT - BOTTOM - TOP);
  const grid = [
    ...ticks(y0, y1).map(
      (y) =>
        element("line", {
          class: "s-line",
          "stroke-opacity": "0.35",
          x1: LEFT,
          x2: width - RIGHT,
          y1: py(y),
          y2: py(y),
        }) + label(LEFT - 6, py(y) + 4, shortNumber(y), { anchor: "end", class: "f-muted" }),
    ),
    ...ticks(x0, x1, Math.round(width / 90)).map((x) =>
      label(px(x), HEIGHT - BOTTOM + 18, shortNumber(x), { class: "f-muted" }),
    ),
    xLabel === "" ? "" : label(width - RIGHT, HEIGHT - 2, xLabel, { anchor: "end", class: "f-muted" }),
  ];
  const keys = placesOfKeys(
    series.map(({ name }) => name),
    width,
  );
  // What the legend takes beyond its first line, all else goes down.
  const down = ROW * (keys.at(-1)?.row ?? 0);
  const lines = series.map(({ name, points, marks }, i) => {
    const { role, dashes } = looks[i % looks.length]!;
    const finite = points.filter(([, y]) => Number.isFinite(y));
    const path = finite.map(([x, y]) => `${round(px(x))},${round(py(y))}`).join(" ");
    const circles = marks
      ? finite.map(([x, y]) =>
          element("circle", { class: `f-${role}`, cx: px(x), cy: py(y), r: 4 }, tooltip(shortNumber(y))),
        )
      : [];
    const { x: keyAt, row } = keys[i]!;
    const y = 12 + ROW * row - down;
    const key =
      element("line", {
        class: `s-${role}`,
        "stroke-width": "2.5",
        "stroke-dasharray": dashes,
        x1: keyAt,
        x2: keyAt + 22,
        y1: y,
        y2: y,
      }) + label(keyAt + 28, y + 4, name, { anchor: "start", class: "f-muted" });
    return (
      element("polyline", {
        class: `line s-${role}`,
        "stroke-width": "2",
        "stroke-dasharray": dashes,
        "stroke-linejoin": "round",
        points: path,
      }) +
      circles.join("") +
      key
    );
  });
  const ends =
    series.map(({ name, points }) => `${name} ends at ${shortNumber(points.at(-1)?.[1] ?? NaN)}`).join(", ") ||
    "no lines";
  const content = grid.join("") + lines.join("");
  return drawing(
    width,
    HEIGHT + down,
    down === 0 ? content : element("g", { transform: `translate(0 ${down})` }, content),
    {
      theme,
      title: title === undefined ? ends : `${title}: ${ends}`,
    },
  );
}

/**
 * The mean of each stretch of points, so that no more than `most` are left.
 *
 * @example
 * ```ts
 * const losses = Array.from({ length: 5000 }, (_, step): [number, number] => [step, 1 / (step + 1)]);
 * drawLineChart([{ name: "loss", points: thinned(losses) }]);
 * ```
 */
export function thinned(
  points: readonly (readonly [x: number, y: number])[],
  most = 300,
): (readonly [x: number, y: number])[] {
  const stretch = Math.max(1, Math.ceil(points.length / most));
  const found: (readonly [number, number])[] = [];
  for (let i = 0; i < points.length; i += stretch) {
    const part = points.slice(i, i + stretch);
    found.push([part.at(-1)![0], part.reduce((sum, [, y]) => sum + y, 0) / part.length]);
  }
  return found;
}
