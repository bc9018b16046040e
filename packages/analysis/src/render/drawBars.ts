import { checkOptions } from "@convlens/backend";
import { label, scene, shape, tooltip, widthChecks, type Scene, type WidthOptions } from "./scene.ts";
import { shortNumber } from "./shortNumber.ts";

/** A bar of {@link drawBars}. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Text at the end of the bar. Default: the value. */
  readonly text?: string;
}

const ROW = 22;
/** Longest and shortest room for bars, and the room for the number at the end of one. */
const [LONGEST, SHORTEST, NUMBER] = [300, 60, 60];

/**
 * Numbers as horizontal bars from a common line, negative ones to the left: the cost of each layer, or the share of each product.
 *
 * @example
 * ```ts
 * const { layers } = cost(lenet5(), [28, 28, 1]);
 * const bars = layers.map(({ name, type, multiplyAdds }) => ({ name: `${name} ${type}`, value: multiplyAdds }));
 * const svg = toSvg(drawBars(bars));
 * ```
 */
export function drawBars(bars: readonly Bar[], options: WidthOptions = {}): Scene {
  checkOptions("drawBars", options, widthChecks);
  const { width = Infinity, theme = "auto", title } = options;
  const names = Math.max(40, ...bars.map(({ name }) => 7 * name.length)) + 16;
  const size = Math.max(...bars.map(({ value }) => Math.abs(value)), 0) || 1;
  const negative = bars.some(({ value }) => value < 0);
  const sides = negative ? 2 : 1;
  const room = Math.min(LONGEST, Math.max(SHORTEST, width - names - 10 - sides * NUMBER)) / sides;
  const zero = names + (negative ? room + NUMBER : 0);
  const rows = bars.flatMap(({ name, value, text = shortNumber(value) }, i) => {
    const y = 8 + i * ROW;
    const long = Math.max(value === 0 ? 0 : 1, (Math.abs(value) / size) * room);
    const fill = negative ? (value < 0 ? "negative" : "positive") : "activation";
    return [
      label(names - 10, y + 13, name, { anchor: "end", fill: "muted" }),
      shape(
        "rect",
        { x: value < 0 ? zero - long : zero, y, width: long, height: ROW - 6, fill },
        tooltip(`${name}: ${text}`),
      ),
      label(value < 0 ? zero - long - 6 : zero + long + 6, y + 13, text, {
        anchor: value < 0 ? "end" : "start",
        fill: "ink",
      }),
    ];
  });
  const height = 16 + bars.length * ROW;
  const line = shape("line", { stroke: "line", x1: zero, x2: zero, y1: 4, y2: height - 6 });
  return scene(zero + room + NUMBER + 10, height, [...rows, line], {
    theme,
    title: title ?? bars.map(({ name, value }) => `${name} ${shortNumber(value)}`).join(", "),
  });
}
