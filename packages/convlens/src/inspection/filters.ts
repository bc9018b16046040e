import { learnedFilters, type LearnedFilters } from "@convlens/analysis";
import { drawLegend, paintAtlas, scaleOf } from "@convlens/analysis/render";
import { html, svg, type Html } from "../report/html.ts";
import { figure, type Section } from "../report/page.ts";
import { showDrawing, showRaster, sizeFor } from "../report/pictures.ts";
import type { Subject } from "./subject.ts";

/** More filters, or channels of one, are not shown. */
const MOST = 32;

/** The filters of every convolution as images. */
export async function filterSection({ model, shape }: Subject): Promise<Section | undefined> {
  const all = await learnedFilters(model, shape);
  if (all.length === 0) return undefined;
  return {
    id: "filters",
    title: "What it has learned: filters",
    body: html`<p>
        What each filter weighs the pixels below it with, orange for weights above 0, violet for those below. Roughness
        is the mean squared difference of neighbouring weights, over their mean square: 2 for noise, near 0 for smooth
        ones.
      </p>
      ${all.map(filterFigure)}`,
  };
}

/** One row for each filter where it sees several channels, else all side by side. */
function filterFigure({ path, height, width, channels, count, values, roughness }: LearnedFilters): Html {
  const [filters, depth] = [Math.min(count, MOST), Math.min(channels, MOST)];
  const size = height * width * channels;
  const tiles = Array.from({ length: filters * depth }, (_, k) => {
    const [filter, channel] = [Math.floor(k / depth), k % depth];
    return {
      shape: [height, width],
      values: Float64Array.from(
        { length: height * width },
        (_unused, tap) => values[filter * size + tap * channels + channel]!,
      ),
    };
  });
  const columns = depth === 1 ? Math.min(filters, 16) : depth;
  const all = tiles.map((tile) => tile.values);
  const what =
    depth === 1
      ? `${count} filters of ${height} × ${width}`
      : `${count} filters (rows) of ${height} × ${width}, each over ${channels} channels (columns)`;
  const hidden = filters < count || depth < channels ? `; the first ${filters} and ${depth} channels are shown` : "";
  const smooth = Number.isNaN(roughness) ? "" : `; roughness ${roughness.toFixed(2)}`;
  const pixel = Math.min(12, sizeFor(columns * (width + 1), depth === 1 ? 420 : 300));
  return figure(
    [
      showRaster((theme) => paintAtlas(tiles, { columns, theme, map: "signed" }), `${what} of ${path}`, pixel),
      showDrawing((theme) => svg(drawLegend(scaleOf(all, { map: "signed", theme }), { title: `weights of ${path}` }))),
    ],
    path,
    `${what}${hidden}${smooth}`,
  );
}
