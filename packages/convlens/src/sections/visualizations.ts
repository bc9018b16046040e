import { visualize, invert, type Objective, type Painting } from "@convlens/analysis";
import { shortNumber } from "@convlens/analysis/render";
import { predict } from "@convlens/layers";
import { softmax, tensor } from "@convlens/tensor";
import { statisticsOf } from "@convlens/analysis";
import type { Classification } from "@convlens/datasets";
import { html, type Html } from "../page/html.ts";
import { figure, percent, type Section } from "../page/page.ts";
import { showInput } from "../page/pictures.ts";
import { className, convolutions, detectorOf, nameOf, someOf, type Subject } from "./subject.ts";

/** Steps of each optimization; classes, channels and layers that are shown. */
const [STEPS, CLASSES, CHANNELS, LAYERS] = [256, 10, 8, 3];

/** Returns the mean brightness of the data, which the optimization starts from. */
async function brightnessOf(data: Classification): Promise<number> {
  const { inputs } = await someOf(data, 500);
  const { mean } = statisticsOf(inputs.knownValues);
  return Math.min(0.95, Math.max(0.05, mean));
}

/** Returns the first and the last image of an optimization. */
async function endsOf(painting: AsyncIterable<Painting>): Promise<readonly [Painting, Painting]> {
  let [first, last]: [Painting | undefined, Painting | undefined] = [undefined, undefined];
  for await (const look of painting) [first, last] = [first ?? look, look];
  return [first!, last!];
}

/** Images optimized to activate classes and channels. */
export async function visualizationSection(subject: Subject): Promise<Section | undefined> {
  const { model, shape, sets } = subject;
  if (shape.length !== 3) return undefined;
  const brightness = await brightnessOf(sets.train);
  const paint = (objective: Objective): Promise<readonly [Painting, Painting]> =>
    endsOf(visualize(model, shape, objective, { steps: STEPS, every: STEPS, brightness, seed: 1 }));
  const painted = async (
    objective: Objective,
    name: string,
    tell: (ends: readonly [Painting, Painting]) => Promise<string>,
  ): Promise<Html> => {
    const ends = await paint(objective);
    const values = ends[1].values;
    return figure(showInput({ shape, values }, `image that activates ${name}`, 112), name, await tell(ends));
  };
  const probabilityOf = async ({ values, shape: whole }: Painting, label: number): Promise<number> =>
    (await softmax(await predict(model, tensor(values, whole))).data())[label]!;
  const rise = async ([first, last]: readonly [Painting, Painting]): Promise<string> => {
    const [from, to] = [first.measures[0]!, last.measures[0]!];
    const times = from > 1e-6 ? `, ${shortNumber(to / from)} times the start` : ", from no activation at the start";
    return `${shortNumber(from)} → ${shortNumber(to)}${times}`;
  };
  const classes: Html[] = [];
  for (let label = 0; label < Math.min(CLASSES, sets.test.classes.length); label++)
    classes.push(
      await painted(
        { class: label },
        className(subject, label),
        async (ends) =>
          `probability ${percent(await probabilityOf(ends[0], label), 0)} → ${percent(await probabilityOf(ends[1], label), 1)}`,
      ),
    );
  const last = convolutions(subject).at(-1);
  const channels: Html[] = [];
  const layer = last && detectorOf(subject, last);
  if (layer !== undefined) {
    const shown = Math.min(CHANNELS, layer.output.shape.at(-1)!);
    for (let channel = 0; channel < shown; channel++)
      channels.push(await painted({ layer: layer.name, channel }, `channel ${channel}`, rise));
  }
  return {
    id: "visualization",
    title: "Feature visualization",
    body: html`<p>
        Each image started as faint noise of the mean brightness of the data (${percent(brightness, 0)}) and was
        optimized in ${STEPS} steps to activate the class or the channel: by its Fourier coefficients, with random
        shifts and rotations, and smoothed.
      </p>
      <h3>Classes</h3>
      <div class="gallery">${classes}</div>
      ${
        layer === undefined
          ? ""
          : html`<h3>The mean of a channel of ${nameOf(layer)}</h3>
              <div class="gallery">${channels}</div>`
      }`,
  };
}

/** Images reconstructed from the activations of layers. */
export async function inversionSection(subject: Subject): Promise<Section | undefined> {
  const { model, x, shape, values, layers, sets } = subject;
  if (shape.length !== 3) return undefined;
  const brightness = await brightnessOf(sets.train);
  const own = layers.filter((layer) => layer.operations.some(({ operation }) => operation !== "reshape"));
  // Evenly spaced, with the first and the last.
  const chosen = new Set(Array.from({ length: LAYERS + 1 }, (_, i) => Math.round((i * (own.length - 1)) / LAYERS)));
  const figures = [figure(showInput({ shape, values }, "the input", 140), "The input")];
  for (const layer of own.filter((_, i) => chosen.has(i))) {
    const [first, last] = await endsOf(
      invert(model, x, { layer: layer.name, steps: STEPS, every: STEPS, seed: 1, brightness }),
    );
    figures.push(
      figure(
        showInput({ shape, values: last.values }, `an image with the same activations in ${nameOf(layer)}`, 140),
        nameOf(layer),
        `distance ${shortNumber(first.measures[0]!)} → ${shortNumber(last.measures[0]!)}`,
      ),
    );
  }
  return {
    id: "inversion",
    title: "Inversion",
    body: html`<p>
        Images optimized from noise until a layer responds to them as to the input. What they share with it is what the
        layer keeps. The distance of the activations, relative to the norm of the input’s, is given at the start and at
        the end.
      </p>
      <div class="gallery">${figures}</div>`,
  };
}
