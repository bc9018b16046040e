import { checkOptions, numberAbove, oneOf } from "@convlens/backend";
import { finiteOption } from "@convlens/tensor";
import { textOption } from "../optionChecks.ts";
import { extentOf } from "../numbers.ts";
import type { Role } from "./palette.ts";
import {
  label,
  round,
  scene,
  shape,
  tooltip,
  widthChecks,
  type Scene,
  type SceneShape,
  type WidthOptions,
} from "./scene.ts";
import { shortNumber } from "./shortNumber.ts";
import { logTicks, ticks } from "./ticks.ts";

/** A line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Whether each point is marked by a circle: useful for few points. */
  readonly marks?: boolean;
}

/** Options of {@link drawLineChart}. */
export interface LineChartOptions extends WidthOptions {
  /** Label of the horizontal axis. */
  readonly xLabel?: string;
  /** Ends of the vertical axis. Default: the least and the greatest number. */
  readonly low?: number;
  readonly high?: number;
  /** End of the horizontal axis. Default: the greatest x. */
  readonly xHigh?: number;
  /** Scales of the axes. A logarithmic one leaves out what is not above 0. Default: `"linear"`. */
  readonly xScale?: "linear" | "log";
  readonly yScale?: "linear" | "log";
  /** Width in pixels. Default: 640. */
  readonly width?: number;
  /** Height in pixels, without further lines of the legend. Default: 260. */
  readonly height?: number;
  /** An x that is marked by an upright line. */
  readonly at?: number;
  /** Further x that are marked by dotted lines, such as the steps at which a setting changed. */
  readonly changes?: readonly number[];
}

const LEFT = 52;
const RIGHT = 12;
const BOTTOM = 34;
const TOP = 26;
/** From one line of the legend to the next. */
const ROW = 18;

/** Lines differ in dashes as well as in colour. */
const looks: readonly { readonly role: Role; readonly dashes?: string }[] = [
  { role: "input" },
  { role: "positive", dashes: "6 4" },
  { role: "activation", dashes: "2 3" },
  { role: "gradient", dashes: "10 3 2 3" },
];

/** An axis: where a number lies on it, and its ticks. */
interface Axis {
  readonly low: number;
  readonly high: number;
  /** Share of the axis, from 0 to 1, that lies below a number. */
  readonly place: (x: number) => number;
  readonly ticks: (count: number) => number[];
}

function axisOf(low: number, high: number, isLog: boolean): Axis {
  const of = isLog ? Math.log10 : (x: number): number => x;
  const place = (x: number): number => (of(Math.min(high, Math.max(low, x))) - of(low)) / (of(high) - of(low) || 1);
  return { low, high, place, ticks: (count) => (isLog ? logTicks : ticks)(low, high, count) };
}

/** Where each entry of a legend begins: side by side, and on a further line where there is no more room. */
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

/** A chart's axes and the place of a point. */
interface Plot {
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly px: (x: number) => number;
  readonly py: (y: number) => number;
}

function plotOf(series: readonly Series[], options: LineChartOptions): Plot {
  const { low, high, xHigh, xScale = "linear", yScale = "linear", width = 640, height = 260 } = options;
  const all = series.flatMap(({ points }) => points);
  /** The ends of the numbers that an axis can show. */
  const endsOf = (values: readonly number[], isLog: boolean): readonly [low: number, high: number] => {
    const usable = values.filter((value) => Number.isFinite(value) && (!isLog || value > 0));
    return usable.length === 0 ? [isLog ? 0.1 : 0, 1] : extentOf(usable);
  };
  const [isLogX, isLogY] = [xScale === "log", yScale === "log"];
  const [xs, ys] = [all.map(([at]) => at), all.map(([, value]) => value)];
  const [[left, right], [bottom, top]] = [endsOf(xs, isLogX), endsOf(ys, isLogY)];
  const x = axisOf(isLogX ? left : Math.min(0, left), xHigh ?? right, isLogX);
  const y = axisOf(low ?? bottom, high ?? top, isLogY);
  return {
    ...{ width, height, x, y },
    px: (at) => LEFT + x.place(at) * (width - LEFT - RIGHT),
    py: (at) => height - BOTTOM - y.place(at) * (height - BOTTOM - TOP),
  };
}

function drawAxes({ width, height, x, y, px, py }: Plot, xLabel: string): SceneShape[] {
  const [right, base] = [width - RIGHT, height - BOTTOM];
  // The whole area, by which a page finds out which x a pointer is at.
  const area = { x: LEFT, y: TOP, width: right - LEFT, height: base - TOP, "data-from": x.low, "data-to": x.high };
  return [
    shape("rect", { fill: "none", ...area }),
    ...y.ticks(5).flatMap((at) => {
      const line = { x1: LEFT, x2: right, y1: py(at), y2: py(at) };
      return [
        shape("line", { stroke: "line", "stroke-opacity": "0.35", ...line }),
        label(LEFT - 6, py(at) + 4, shortNumber(at), { anchor: "end", fill: "muted" }),
      ];
    }),
    ...x.ticks(Math.round(width / 90)).map((at) => label(px(at), base + 18, shortNumber(at), { fill: "muted" })),
    ...(xLabel === "" ? [] : [label(right, height - 2, xLabel, { anchor: "end", fill: "muted" })]),
  ];
}

/** The upright lines of {@link LineChartOptions.at} and {@link LineChartOptions.changes}. */
function drawMarks({ height, px }: Plot, { at, changes = [] }: LineChartOptions): SceneShape[] {
  const upright = (x: number): Readonly<Record<"x1" | "x2" | "y1" | "y2", number>> => ({
    ...{ x1: px(x), x2: px(x), y1: TOP, y2: height - BOTTOM },
  });
  return [
    ...changes.map((x) => shape("line", { stroke: "muted", "stroke-dasharray": "2 3", ...upright(x) })),
    ...(at === undefined
      ? []
      : [
          shape("line", { stroke: "ink", "stroke-width": "4", ...upright(at) }),
          shape("line", { stroke: "selected", "stroke-width": "2", ...upright(at) }),
        ]),
  ];
}

function drawSeries(
  { name, points, marks }: Series,
  { x, y, px, py }: Plot,
  { role, dashes }: (typeof looks)[number],
  key: { readonly x: number; readonly y: number },
): SceneShape[] {
  // A logarithm needs numbers above 0; an axis that begins there is logarithmic or has no others.
  const isDrawn = (value: number, axis: Axis): boolean => Number.isFinite(axis.place(value)) && Number.isFinite(value);
  const finite = points.filter(([at, value]) => isDrawn(at, x) && isDrawn(value, y));
  const path = finite.map(([at, value]) => `${round(px(at))},${round(py(value))}`).join(" ");
  const circles = marks
    ? finite.map(([at, value]) =>
        shape("circle", { fill: role, cx: px(at), cy: py(value), r: 4 }, tooltip(shortNumber(value))),
      )
    : [];
  const line = { x1: key.x, x2: key.x + 22, y1: key.y, y2: key.y };
  return [
    shape("polyline", {
      ...{ fill: "none", stroke: role, "stroke-width": "2", "stroke-dasharray": dashes },
      ...{ "stroke-linejoin": "round", points: path },
    }),
    ...circles,
    shape("line", { stroke: role, "stroke-width": "2.5", "stroke-dasharray": dashes, ...line }),
    label(key.x + 28, key.y + 4, name, { anchor: "start", fill: "muted" }),
  ];
}

/**
 * Lines over a common axis, with a legend above.
 *
 * @example
 * ```ts
 * const losses = [{ name: "loss", points: [[0, 2.3], [10, 0.9], [20, 0.4]] }] as const;
 * const svg = toSvg(drawLineChart(losses, { xLabel: "steps", low: 0 }));
 * ```
 */
export function drawLineChart(series: readonly Series[], options: LineChartOptions = {}): Scene {
  const scale = oneOf("linear", "log");
  checkOptions("drawLineChart", options, {
    ...{ ...widthChecks, xLabel: textOption, low: finiteOption, high: finiteOption, xHigh: finiteOption },
    ...{ xScale: scale, yScale: scale, height: numberAbove(0), at: finiteOption },
    changes: (value) => (Array.isArray(value) && value.every(Number.isFinite) ? undefined : "an array of numbers"),
  });
  const { xLabel = "", title, theme = "auto" } = options;
  const plot = plotOf(series, options);
  const { width, height } = plot;
  const names = series.map(({ name }) => name);
  const keys = placesOfKeys(names, width);
  // Everything is moved down by the further lines of the legend.
  const down = ROW * (keys.at(-1)?.row ?? 0);
  const lines = series.flatMap((each, i) => {
    const { x, row } = keys[i]!;
    return drawSeries(each, plot, looks[i % looks.length]!, { x, y: 12 + ROW * row - down });
  });
  const ends =
    series.map(({ name, points }) => `${name} ends at ${shortNumber(points.at(-1)?.[1] ?? NaN)}`).join(", ") ||
    "no lines";
  const shapes = [...drawAxes(plot, xLabel), ...lines, ...drawMarks(plot, options)];
  return scene(
    width,
    height + down,
    down === 0 ? shapes : [shape("g", { transform: `translate(0 ${down})` }, ...shapes)],
    { theme, title: title === undefined ? ends : `${title}: ${ends}` },
  );
}

/**
 * Points with at most `most` of them left, each the mean of as many consecutive ones.
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
