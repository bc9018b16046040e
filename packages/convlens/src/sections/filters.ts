import { learnedFilters, type LearnedFilters } from "@convlens/analysis";
import { drawLegend, paintAtlas, scaleOf } from "@convlens/analysis/render";
import { build } from "@convlens/layers";
import { html, svg, type Html } from "../page/html.ts";
import { figure, type Section } from "../page/page.ts";
import { showDrawing, showRaster, sizeFor } from "../page/pictures.ts";
import type { ModelSubject } from "./subject.ts";

/** Filters, and channels of each, that are shown. */
const MOST = 32;

/** The filters of every convolution as images; those of the first one also before training. */
export async function filterSection(subject: ModelSubject): Promise<Section | undefined> {
  const { model, shape } = subject;
  const all = await learnedFilters(model, shape);
  if (all.length === 0) return undefined;
  // The first weights of a pretrained model are not those of the seed.
  const first = subject.settings.from === undefined ? await untrainedFilters(subject, all[0]!) : undefined;
  return {
    id: "filters",
    title: "Learned filters",
    body: html`<p>
        The weights of each filter: orange above 0, violet below. Roughness is the mean squared difference of
        neighbouring weights, relative to their mean square: about 2 for noise, near 0 for smooth filters.
      </p>
      ${first && filterFigure(first, ", before training")}${all.map((each) => filterFigure(each))}`,
  };
}

/** The filters of a layer as they were before training. */
async function untrainedFilters(
  { make, sets, settings, shape }: ModelSubject,
  { path, values }: LearnedFilters,
): Promise<LearnedFilters | undefined> {
  const model = build(make(sets.train.classes.length, shape), shape, { seed: settings.seed });
  // A module of the user may make another model each time.
  return (await learnedFilters(model, shape)).find(
    (each) => each.path === path && each.values.length === values.length,
  );
}

/** Shows one row for each filter if it has several channels, else all filters side by side. */
function filterFigure(
  { path, height, width, channels, count, values, roughness }: LearnedFilters,
  when: string = "",
): Html {
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
      showRaster((theme) => paintAtlas(tiles, { columns, theme, map: "signed" }), `${what} of ${path}${when}`, pixel),
      showDrawing((theme) =>
        svg(drawLegend(scaleOf(all, { map: "signed", theme }), { title: `weights of ${path}${when}` })),
      ),
    ],
    `${path}${when}`,
    `${what}${hidden}${smooth}`,
  );
}
