import { checkOptions } from "@convlens/backend";
import type { Histogram } from "../activations/statistics.ts";
import { drawChecks, label, scene, shape, tooltip, type DrawOptions, type Scene, type SceneShape } from "./scene.ts";
import { shortNumber } from "./shortNumber.ts";
import { ticks } from "./ticks.ts";

const WIDTH = 420;
const HEIGHT = 160;
const LEFT = 10;
const BOTTOM = 24;
const TOP = 18;

/**
 * A histogram as bars, with a dotted line at 0.
 *
 * @example
 * ```ts
 * const svg = toSvg(drawHistogram(histogram([0, 1, 1, 2, 5], { bins: 5 }), { title: "activations of conv1" }));
 * ```
 */
export function drawHistogram({ low, high, counts, outside, notNumbers }: Histogram, options: DrawOptions = {}): Scene {
  checkOptions("drawHistogram", options, drawChecks);
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const width = (WIDTH - 2 * LEFT) / counts.length;
  const [base, room] = [HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP];
  const px = (x: number): number => LEFT + ((x - low) / (high - low || 1)) * (WIDTH - 2 * LEFT);
  const bars = Array.from(counts).flatMap((count, i): SceneShape[] => {
    if (count === 0) return [];
    const tall = (count / most) * room;
    const from = low + (i / counts.length) * (high - low);
    const text = `${shortNumber(from)} to ${shortNumber(from + (high - low) / counts.length)}: ${count}`;
    const place = { x: LEFT + i * width, y: base - tall, width: Math.max(0.5, width - 1), height: tall };
    return [shape("rect", { fill: "activation", ...place }, tooltip(text))];
  });
  const zero = { x1: px(0), x2: px(0), y1: TOP, y2: base };
  const others = [
    [outside.below, "below"],
    [outside.above, "above"],
    [notNumbers, "NaN"],
  ] as const;
  const notes = [
    `largest bar: ${shortNumber(most)}`,
    ...others.flatMap(([count, name]) => (count > 0 ? [`${shortNumber(count)} ${name}`] : [])),
  ].join(", ");
  const shapes = [
    ...bars,
    ...(low < 0 && high > 0 ? [shape("line", { stroke: "ink", "stroke-dasharray": "2 3", ...zero })] : []),
    shape("line", { stroke: "line", x1: LEFT, x2: WIDTH - LEFT, y1: base, y2: base }),
    ...ticks(low, high, 6).map((x) => label(px(x), HEIGHT - 6, shortNumber(x), { fill: "muted" })),
    label(LEFT, 12, notes, { anchor: "start", fill: "muted" }),
  ];
  const { title = "histogram", ...theme } = options;
  const range = `from ${shortNumber(low)} to ${shortNumber(high)}`;
  return scene(WIDTH, HEIGHT, shapes, { ...theme, title: `${title}, ${range}; ${notes}` });
}
