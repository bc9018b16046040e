import { checkOptions } from "@convlens/backend";
import type { Histogram } from "../activations/statistics.ts";
import { ticks } from "./drawLineChart.ts";
import { drawChecks, drawing, element, label, shortNumber, tooltip, type DrawOptions } from "./svg.ts";

const WIDTH = 420;
const HEIGHT = 160;
const LEFT = 10;
const BOTTOM = 24;
const TOP = 18;

/**
 * How often numbers of each size occur, as bars; what lies at 0 is marked by a line.
 *
 * @example
 * ```ts
 * const svg = drawHistogram(histogram([0, 1, 1, 2, 5], { bins: 5 }), { title: "activations of conv1" });
 * ```
 */
export function drawHistogram(
  { low, high, counts, outside, notNumbers }: Histogram,
  options: DrawOptions = {},
): string {
  checkOptions("drawHistogram", options, drawChecks);
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const width = (WIDTH - 2 * LEFT) / counts.length;
  const [base, room] = [HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP];
  const px = (x: number): number => LEFT + ((x - low) / (high - low || 1)) * (WIDTH - 2 * LEFT);
  const bars = Array.from(counts, (count, i) => {
    const tall = (count / most) * room;
    const from = low + (i / counts.length) * (high - low);
    const text = `${shortNumber(from)} to ${shortNumber(from + (high - low) / counts.length)}: ${count}`;
    return count === 0
      ? ""
      : element(
          "rect",
          { class: "f-activation", x: LEFT + i * width, y: base - tall, width: Math.max(0.5, width - 1), height: tall },
          tooltip(text),
        );
  });
  const zero =
    low < 0 && high > 0
      ? element("line", { class: "s-ink", "stroke-dasharray": "2 3", x1: px(0), x2: px(0), y1: TOP, y2: base })
      : "";
  const axis =
    element("line", { class: "s-line", x1: LEFT, x2: WIDTH - LEFT, y1: base, y2: base }) +
    ticks(low, high, 6)
      .map((x) => label(px(x), HEIGHT - 6, shortNumber(x), { class: "f-muted" }))
      .join("");
  const left = [
    outside.below > 0 ? `${shortNumber(outside.below)} below` : "",
    outside.above > 0 ? `${shortNumber(outside.above)} above` : "",
    notNumbers > 0 ? `${shortNumber(notNumbers)} NaN` : "",
  ].filter(Boolean);
  const notes = [`largest bar: ${shortNumber(most)}`, ...left].join(", ");
  return drawing(
    WIDTH,
    HEIGHT,
    bars.join("") + zero + axis + label(LEFT, 12, notes, { anchor: "start", class: "f-muted" }),
    {
      title: `${options.title ?? "histogram"}, from ${shortNumber(low)} to ${shortNumber(high)}; ${notes}`,
      ...(options.theme !== undefined && { theme: options.theme }),
    },
  );
}
