import { checkOptions } from "@convlens/backend";
import { textOption } from "../optionChecks.ts";
import { drawing, element, label, shortNumber, type DrawOptions } from "./svg.ts";
import { pngUrl } from "./png.ts";
import type { Scale } from "./raster.ts";

const WIDTH = 240;
const BAR = 12;

/**
 * What the colours of a picture stand for: the colour map with the numbers at its ends, and at 0.
 *
 * @example
 * ```ts
 * const svg = drawLegend(scaleOf([[-2, 0, 3]]), { title: "weights" });
 * ```
 */
export function drawLegend({ colors, low, high }: Scale, options: Pick<DrawOptions, "title"> = {}): string {
  checkOptions("drawLegend", options, { title: textOption });
  const { title = "" } = options;
  const bar = pngUrl({ width: colors.table.length / 3, height: 1, data: withOpacity(colors.table) });
  const at = (x: number): number => 1 + ((x - low) / (high - low || 1)) * (WIDTH - 2);
  const middle = low < 0 && high > 0 ? label(at(0), BAR + 18, "0", { class: "f-muted" }) : "";
  const content =
    element("image", { href: bar, x: 1, y: 1, width: WIDTH - 2, height: BAR, preserveAspectRatio: "none" }) +
    element("rect", { class: "line s-line", x: 0.5, y: 0.5, width: WIDTH - 1, height: BAR + 1 }) +
    label(1, BAR + 18, shortNumber(low), { anchor: "start", class: "f-muted" }) +
    middle +
    label(WIDTH - 1, BAR + 18, shortNumber(high), { anchor: "end", class: "f-muted" });
  return drawing(WIDTH, BAR + 24, content, {
    // That of its colours: those for the other kind of page are other ones.
    theme: colors.theme,
    title: `${title} from ${shortNumber(low)} to ${shortNumber(high)}`.trim(),
  });
}

function withOpacity(table: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray((table.length / 3) * 4).fill(255);
  for (let i = 0; i < table.length; i++) data[Math.floor(i / 3) * 4 + (i % 3)] = table[i]!;
  return data;
}
