import { activationMap, histogram, statisticsOf, tap, type LayerActivation } from "@convlens/analysis";
import { drawBars, drawHistogram, paintAtlas, shortNumber } from "@convlens/analysis/render";
import { html, svg, type Html } from "../page/html.ts";
import { figure, percent, type Section } from "../page/page.ts";
import { picture, showRaster, sizeFor } from "../page/pictures.ts";
import type { ModelSubject } from "./subject.ts";

/** Maps of a layer that are shown, and units that are drawn as bars. */
const [MOST_MAPS, MOST_BARS] = [64, 24];

/** The activations of all layers. */
export async function activationSection({ model, x, layers, sets }: ModelSubject): Promise<Section> {
  const look = tap(
    model,
    layers.map(({ name }) => name),
  );
  const { layers: made } = await look(x);
  look.dispose();
  /** Names of the units of a layer: the classes for the last one. */
  const namesOf = ({ name }: LayerActivation): readonly string[] =>
    name === layers.at(-1)?.name ? sets.test.classes : [];
  return {
    id: "activations",
    title: "Activations",
    body: html`<p>
        The activation maps of all layers. The maps of a layer share one scale: the further from the colour of the page,
        the larger; negative values are violet.
      </p>
      ${[...made.values()].map((layer) => layerFigure(layer, namesOf(layer)))}`,
  };
}

function layerFigure(layer: LayerActivation, names: readonly string[]): Html {
  const { name, type, shape, values } = layer;
  const { mean, smallest, largest, zeros } = statisticsOf(values);
  const title = `${name} ${type}`;
  const about = `${shape.slice(1).join(" × ")}; from ${shortNumber(smallest)} to ${shortNumber(largest)}, mean ${shortNumber(mean)}${zeros === 0 ? "" : `; ${percent(zeros, 0)} are exactly 0`}`;
  const bars = drawHistogram(histogram(values, { bins: 40 }), {
    title: `histogram of the output of ${title}`,
  });
  return html`<h3>${title}</h3>
    <div class="gallery">
      ${figure(mapsOf(layer, names), captionOf(layer), about)}${figure(svg(bars), "Histogram")}
    </div>`;
}

const captionOf = ({ shape }: LayerActivation): string => {
  const channels = shape.at(-1)!;
  if (shape.length === 2) return `${channels} numbers`;
  return `${channels > MOST_MAPS ? `The first ${MOST_MAPS} of ` : ""}${channels} maps`;
};

function mapsOf(layer: LayerActivation, names: readonly string[]): Html {
  const { name, type, shape, values } = layer;
  const channels = shape.at(-1)!;
  const about = `output of ${name} ${type}`;
  if (shape.length === 2 && channels <= MOST_BARS)
    return svg(
      drawBars(
        Array.from(values, (value, i) => ({ name: names[i] ?? `${i}`, value })),
        { title: about },
      ),
    );
  if (shape.length === 2)
    return picture({ shape: [channels], values }, `${about}: ${channels} numbers`, sizeFor(channels, 500));
  const shown = Math.min(channels, MOST_MAPS);
  const maps = Array.from({ length: shown }, (_, channel) => activationMap(layer, { channel }));
  const wide = shape.at(-2)!;
  const columns = shape.length === 3 ? 1 : Math.min(shown, 8, Math.max(1, Math.floor(520 / wide)));
  return showRaster(
    (theme) => paintAtlas(maps, { columns, theme }),
    `${about}: ${shown === channels ? "" : `the first ${shown} of `}${channels} maps`,
    sizeFor(columns * (wide + 1), 480),
  );
}
