import { cropOf, topPatches, type ChannelPatches } from "@convlens/analysis";
import { drawBoxes, shortNumber } from "@convlens/analysis/render";
import { take, type Classification } from "@convlens/datasets";
import { html, svg, type Html } from "../page/html.ts";
import { figure, type Section } from "../page/page.ts";
import { rasterOfInput, showInput, sizeFor } from "../page/pictures.ts";
import { convolutions, detectorOf, exampleOf, nameOf, type Subject } from "./subject.ts";

/** Examples searched, layers and channels shown, patches of each. */
const [EXAMPLES, LAYERS, CHANNELS, PATCHES] = [1000, 2, 16, 6];

/** The patches of the test set that activate each channel most. */
export async function patchSection(subject: Subject): Promise<Section | undefined> {
  const { model, sets, shape } = subject;
  const data = take(sets.test, EXAMPLES);
  const chosen = convolutions(subject).slice(-LAYERS);
  if (chosen.length === 0 || shape.length !== 3) return undefined;
  const parts = await Promise.all(
    chosen.map(async (convolution) => {
      const layer = detectorOf(subject, convolution);
      const channels = await topPatches(model, data, { layer: layer.name, count: PATCHES });
      const shown = channels.slice(0, CHANNELS).map((channel) => channelFigure(data, channel));
      const more = channels.length > CHANNELS ? `, the first ${CHANNELS} of ${channels.length} channels` : "";
      return html`<h3>${nameOf(layer)}${more}</h3>
        <div class="gallery">${shown}</div>`;
    }),
  );
  return {
    id: "patches",
    title: "Top patches",
    body: html`<p>
        The patches of ${data.size} test examples that activate each channel most, in descending order, and the example
        of the first with a box around the receptive field.
      </p>
      ${parts}`,
  };
}

function channelFigure(data: Classification, { channel, patches }: ChannelPatches): Html {
  const [best] = patches;
  if (best === undefined || best.value <= 0) return figure("", `channel ${channel}`, "no example activates it");
  const label = (at: number): string => data.classes[at] ?? `${at}`;
  const example = rasterOfInput(exampleOf(data, best.index));
  const whole = drawBoxes(example, [{ box: best.box }], {
    size: sizeFor(example.width, 112),
    title: `test example ${best.index}, a ${label(best.label)}: the box activates channel ${channel} most`,
  });
  const crops = patches.map(({ index, box, label: own, value }) => {
    const about = `example ${index}, a ${label(own)}: ${shortNumber(value)}`;
    return showInput(cropOf(data, index, box), about, 34);
  });
  return figure(
    html`${svg(whole)}
      <div class="strip">${crops}</div>`,
    `channel ${channel}`,
    `largest: ${shortNumber(best.value)}, in a “${label(best.label)}”`,
  );
}
