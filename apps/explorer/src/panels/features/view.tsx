import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useAnswer, useCompute, type Watching } from "../../compute/compute.ts";
import type { Painted } from "../../compute/painting.ts";
import type { PatchPicture } from "../../compute/patches.ts";
import { Code } from "../../controls/Code.tsx";
import { controlsOf } from "../../controls/controlsOf.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Select } from "../../controls/Select.tsx";
import { SIDE } from "../../draw/ink.ts";
import { ink, Picture } from "../../draw/Picture.tsx";
import { upTo } from "../../numbers.ts";
import type { PanelProps } from "../../panel.ts";
import { figure, titleOf } from "../xray/model.ts";
import { useApart } from "../xray/useApart.ts";
import { useDrawing } from "../xray/useDrawing.ts";
import { codeOf, featureOf, featuresFields, type Feature } from "./model.ts";

type Props = PanelProps<typeof featuresFields>;

const PATCHES = 9;

/** What activates a feature most: in digits, and in an image that is optimized for it. */
export function FeaturesView(props: Props): JSX.Element {
  const { state: signal, set } = props;
  const state = signal.value;
  const { slider } = controlsOf(featuresFields, props);
  const drawing = useDrawing();
  const apart = useApart(drawing);
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
          <Select
            label="Layer"
            options={upTo(layers.length)}
            value={feature.index}
            onChange={(index) => set({ layer: index + 1 })}
            nameOf={(i) => `${i + 1}. ${titleOf(layers[i]!)}`}
          />
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

function Patch({ patch: { pixels, height, width, value, label } }: { readonly patch: PatchPicture }): JSX.Element {
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

/** The image of a feature while it is being optimized. It is discarded when the feature or the net changes. */
function usePainting({ layer, channel }: Feature, net: number | undefined, steps: number, seed: number) {
  const compute = useCompute();
  const look = useSignal<Painted | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const isPainting = useSignal(false);
  const watching = useRef<Watching | undefined>(undefined);
  const stop = (): void => {
    watching.current?.stop();
    watching.current = undefined;
    isPainting.value = false;
  };
  const paint = (): void => {
    stop();
    problem.value = undefined;
    isPainting.value = true;
    const own = compute.watch("paint", { layer: layer.name, channel, steps, seed }, (seen) => {
      if (watching.current === own) look.value = seen;
    });
    watching.current = own;
    void own.ended.then((text) => {
      if (watching.current !== own) return;
      problem.value = text;
      isPainting.value = false;
    });
  };
  useEffect(() => {
    look.value = undefined;
    return stop;
  }, [layer.name, channel, net, steps, seed]);
  return { seen: look.value, problem: problem.value, isPainting: isPainting.value, stop, paint };
}

/** An image that activates a feature. */
function Painting({
  feature,
  net,
  state,
  set,
}: Props & { readonly feature: Feature; readonly net: number | undefined }): JSX.Element {
  const { steps, seed } = state.value;
  const { seen, problem, isPainting, stop, paint } = usePainting(feature, net, steps, seed);
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
        <button type="button" class="primary play" onClick={isPainting ? stop : paint}>
          {isPainting ? "Stop" : "Paint"}
        </button>
        <button type="button" onClick={() => set({ seed: (seed % featuresFields.seed.most) + 1 })}>
          Other noise
        </button>
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
