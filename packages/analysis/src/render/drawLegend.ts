import { checkOptions } from "@convlens/backend";
import { textOption } from "../optionChecks.ts";
import { pngUrl } from "./png.ts";
import type { Scale } from "./raster.ts";
import { label, scene, shape, type DrawOptions, type Scene } from "./scene.ts";
import { shortNumber } from "./shortNumber.ts";

const WIDTH = 240;
const BAR = 12;

/**
 * Legend of a colour map: its colours, with the numbers at both ends and at 0.
 *
 * @example
 * ```ts
 * const svg = toSvg(drawLegend(scaleOf([[-2, 0, 3]]), { title: "weights" }));
 * ```
 */
export function drawLegend({ colors, low, high }: Scale, options: Pick<DrawOptions, "title"> = {}): Scene {
  checkOptions("drawLegend", options, { title: textOption });
  const { title = "" } = options;
  const bar = pngUrl({ width: colors.table.length / 3, height: 1, data: withOpacity(colors.table) });
  const at = (x: number): number => 1 + ((x - low) / (high - low || 1)) * (WIDTH - 2);
  const shapes = [
    shape("image", { href: bar, x: 1, y: 1, width: WIDTH - 2, height: BAR, preserveAspectRatio: "none" }),
    shape("rect", { fill: "none", stroke: "line", x: 0.5, y: 0.5, width: WIDTH - 1, height: BAR + 1 }),
    label(1, BAR + 18, shortNumber(low), { anchor: "start", fill: "muted" }),
    ...(low < 0 && high > 0 ? [label(at(0), BAR + 18, "0", { fill: "muted" })] : []),
    label(WIDTH - 1, BAR + 18, shortNumber(high), { anchor: "end", fill: "muted" }),
  ];
  return scene(WIDTH, BAR + 24, shapes, {
    // The theme of the colour map: the other theme has other colours.
    theme: colors.theme,
    title: `${title} from ${shortNumber(low)} to ${shortNumber(high)}`.trim(),
  });
}

function withOpacity(table: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray((table.length / 3) * 4).fill(255);
  for (let i = 0; i < table.length; i++) data[Math.floor(i / 3) * 4 + (i % 3)] = table[i]!;
  return data;
}
