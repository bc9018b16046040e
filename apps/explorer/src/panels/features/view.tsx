import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useAnswer } from "../../compute/compute.ts";
import type { Painted } from "../../compute/painting.ts";
import { useTask } from "../../compute/useTask.ts";
import type { PatchPicture } from "../../compute/patches.ts";
import { Button } from "../../controls/Button.tsx";
import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { SIDE } from "../../draw/ink.ts";
import { ink, Picture } from "../../draw/Picture.tsx";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { LayerSelect } from "../xray/LayerSelect.tsx";
import { figure } from "../xray/model.ts";
import { useDrawing } from "../xray/useDrawing.ts";
import { codeOf, featureOf, featuresFields, type Feature } from "./model.ts";

type Props = PanelProps<typeof featuresFields>;

const PATCHES = 9;

/** What activates a feature most: in digits, and in an image that is optimized for it. */
export function FeaturesView(props: Props) {
  const { signal, state, set, slider } = props;
  const drawing = useDrawing();
  const { apart } = drawing;
  const layers = apart.value.value?.layers;
  const feature = layers && featureOf(state, layers);
  const found = useAnswer("patches", () => {
    const known = apart.value.value;
    if (known === undefined) return undefined;
    const { layer, channel } = featureOf(signal.value, known.layers);
    return { net: drawing.net.value, layer: layer.name, channel, count: PATCHES };
  }).value;
  return (
    <>
      {layers && feature && (
        <div class="controls">
          <LayerSelect layers={layers} value={feature.index + 1} set={set} />
          {slider("map", feature.layer.shape.length === 3 ? "Map" : "Number", {
            ...{ value: feature.channel + 1, most: feature.layer.shape.at(-1)! },
          })}
        </div>
      )}
      <Notice text={found.problem ?? apart.value.problem} />
      <div class="looks-for">
        {found.value && (
          <div>
            <p class="caption">
              <b>In {found.value.examples} digits</b>: the patches with the largest activations, one per digit
            </p>
            <ol class="patches">
              {found.value.patches.map((patch) => (
                <Patch key={patch.index} patch={patch} />
              ))}
            </ol>
          </div>
        )}
        {feature && <Painting {...props} feature={feature} net={drawing.net.value} />}
      </div>
      {feature && <Code text={codeOf(feature, state)} />}
    </>
  );
}

function Patch({ patch: { pixels, height, width, value, label } }: { readonly patch: PatchPicture }) {
  return (
    <li>
      <Picture
        pixels={{ ...ink(pixels), height, width }}
        label={`A patch of a ${label}, ${height} × ${width} pixels, activation ${figure(value)}`}
      />
      <p class="caption">
        of a {label}: {figure(value)}
      </p>
    </li>
  );
}

/** An image that activates a feature. */
function Painting(props: Props & { readonly feature: Feature; readonly net: number | undefined }) {
  const { feature, net, state, set } = props;
  const { layer, channel } = feature;
  const { steps, seed } = state;
  const look = useSignal<Painted | undefined>(undefined);
  // The image is discarded when the feature or the net changes.
  const about = [layer.name, channel, net, steps, seed];
  const { problem, isRunning, start, stop } = useTask("paint", about, (painted) => (look.value = painted));
  useEffect(() => void (look.value = undefined), about);
  const paint = (): Promise<void> => start(() => ({ layer: layer.name, channel, steps, seed }));
  const seen = look.value;
  const label =
    seen === undefined
      ? "No image yet"
      : `An image after ${seen.step} steps, with activation ${figure(seen.excitement)} of the feature`;
  return (
    <div class="painting">
      <p class="caption">
        <b>An image optimized for it</b>, from noise, by gradient ascent
      </p>
      <Picture pixels={ink(seen?.pixels ?? new Float32Array(SIDE * SIDE))} label={label} />
      <div class="controls">
        <Button
          text={isRunning ? "Stop" : "Paint"}
          class="primary play"
          onClick={() => (isRunning ? stop() : void paint())}
        />
        <Button text="Other noise" onClick={() => set({ seed: (seed % featuresFields.seed.most) + 1 })} />
      </div>
      <p class="readout" role="status">
        {seen === undefined
          ? "Press Paint to begin."
          : `Step ${seen.step} of ${steps}: the activation is ${figure(seen.excitement)}.`}
      </p>
      <Notice text={problem} />
    </div>
  );
}
