import { checkOptions } from "@convlens/backend";
import { drawing, element, label, shortNumber, tooltip, widthChecks, type WidthOptions } from "./svg.ts";

/** A bar: what it is of, and how long. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Written at its end instead of the number. */
  readonly text?: string;
}

const ROW = 22;
/** Room for bars at most and at least, and for the number at the end of one. */
const [LONGEST, SHORTEST, NUMBER] = [300, 60, 60];

/**
 * Numbers as bars from a common line, those below 0 to the left: what each layer costs, or how much each product adds.
 *
 * @example
 * ```ts
 * const { layers } = cost(lenet5(), [28, 28, 1]);
 * const svg = drawBars(layers.map(({ name, type, multiplyAdds }) => ({ name: `${name} ${type}`, value: multiplyAdds })));
 * ```
 */
export function drawBars(bars: readonly Bar[], options: WidthOptions = {}): string {
  checkOptions("drawBars", options, widthChecks);
  const { width = Infinity, theme = "auto", title } = options;
  const names = Math.max(40, ...bars.map(({ name }) => 7 * name.length)) + 16;
  const size = Math.max(...bars.map(({ value }) => Math.abs(value)), 0) || 1;
  const negative = bars.some(({ value }) => value < 0);
  const sides = negative ? 2 : 1;
  const room = Math.min(LONGEST, Math.max(SHORTEST, width - names - 10 - sides * NUMBER)) / sides;
  const zero = names + (negative ? room + NUMBER : 0);
  const content = bars.map(({ name, value, text = shortNumber(value) }, i) => {
    const y = 8 + i * ROW;
    const long = Math.max(value === 0 ? 0 : 1, (Math.abs(value) / size) * room);
    const role = negative ? (value < 0 ? "negative" : "positive") : "activation";
    return (
      label(names - 10, y + 13, name, { anchor: "end", class: "f-muted" }) +
      element(
        "rect",
        { x: value < 0 ? zero - long : zero, y, width: long, height: ROW - 6, class: `f-${role}` },
        tooltip(`${name}: ${text}`),
      ) +
      label(value < 0 ? zero - long - 6 : zero + long + 6, y + 13, text, {
        anchor: value < 0 ? "end" : "start",
        class: "f-ink",
      })
    );
  });
  const height = 16 + bars.length * ROW;
  const line = element("line", { class: "s-line", x1: zero, x2: zero, y1: 4, y2: height - 6 });
  return drawing(zero + room + NUMBER + 10, height, content.join("") + line, {
    theme,
    title: title ?? bars.map(({ name, value }) => `${name} ${shortNumber(value)}`).join(", "),
  });
}
