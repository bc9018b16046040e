import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useAnswer, useCompute, type Watching } from "../../compute/compute.ts";
import type { Painted } from "../../compute/painting.ts";
import type { PatchPicture } from "../../compute/patches.ts";
import { Code } from "../../controls/Code.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Picture } from "../../draw/Picture.tsx";
import type { PanelProps } from "../../panel.ts";
import { SIDE } from "../../draw/ink.ts";
import { figure, titleOf } from "../xray/model.ts";
import { useApart } from "../xray/useApart.ts";
import { useDrawing } from "../xray/useDrawing.ts";
import { codeOf, featureOf, featuresFields, type Feature } from "./model.ts";

type Props = PanelProps<typeof featuresFields>;

const PATCHES = 9;

/** What a feature looks for: in digits, and in an image that is made for it. */
export function FeaturesView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const drawing = useDrawing();
  const apart = useApart(drawing);
  const layers = apart.value?.kind === "answer" ? apart.value.value.layers : undefined;
  const feature = layers && featureOf(state, layers);
  const asked = useComputed(() => {
    if (apart.value?.kind !== "answer") return undefined;
    const { layer, channel } = featureOf(signal.value, apart.value.value.layers);
    return `${layer.name} ${channel}`;
  });
  const found = useAnswer(
    "patches",
    useComputed(() => {
      if (asked.value === undefined) return undefined;
      const [layer = "", channel] = asked.value.split(" ");
      return { net: drawing.net.value, layer, channel: Number(channel), count: PATCHES };
    }),
  );
  const outcome = found.value?.outcome;
  return (
    <>
      {layers && feature && (
        <div class="controls">
          <label>
            Layer{" "}
            <select value={feature.index} onChange={(event) => set({ layer: Number(event.currentTarget.value) + 1 })}>
              {layers.map((layer, i) => (
                <option key={layer.name} value={i}>
                  {i + 1}. {titleOf(layer)}
                </option>
              ))}
            </select>
          </label>
          <Slider
            label={feature.layer.shape.length === 3 ? "Map" : "Number"}
            field={featuresFields.map}
            value={feature.channel + 1}
            most={feature.layer.shape.at(-1)!}
            onChange={(map) => set({ map })}
          />
        </div>
      )}
      {[outcome, apart.value].map(
        (each, i) =>
          each?.kind === "problem" && (
            <div class="notice" role="alert" key={i}>
              <p>{each.text}</p>
            </div>
          ),
      )}
      <div class="looks-for">
        {outcome?.kind === "answer" && (
          <div>
            <p class="caption">
              <b>Among {outcome.value.examples} digits</b>: the pieces that excite it most, one of each digit at most
            </p>
            <ol class="patches">
              {outcome.value.patches.map((patch) => (
                <Patch key={patch.index} patch={patch} />
              ))}
            </ol>
          </div>
        )}
        {feature && <Painting feature={feature} net={drawing.net.value} state={state} set={set} />}
      </div>
      {feature && <Code text={codeOf(feature, state)} />}
    </>
  );
}

function Patch({ patch: { pixels, height, width, value, label } }: { readonly patch: PatchPicture }): JSX.Element {
  return (
    <li>
      <Picture
        raster={{ values: pixels, height, width, range: [0, 1], colours: "sequence" }}
        label={`A piece of a ${label}, ${height} × ${width} pixels, which excites it by ${figure(value)}`}
      />
      <p class="caption">
        of a {label}: {figure(value)}
      </p>
    </li>
  );
}

/** The image that excites a feature, while it is being made. */
function Painting({
  feature,
  net,
  state,
  set,
}: {
  readonly feature: Feature;
  readonly net: number | undefined;
  readonly state: Props["state"]["value"];
  readonly set: Props["set"];
}): JSX.Element {
  const compute = useCompute();
  const look = useSignal<Painted | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const isPainting = useSignal(false);
  const watching = useRef<Watching | undefined>(undefined);
  const { layer, channel } = feature;
  const { steps, seed } = state;
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
  // Another feature, or another net: what was painted was for the one before.
  useEffect(() => {
    look.value = undefined;
    return stop;
  }, [layer.name, channel, net, steps, seed]);
  const seen = look.value;
  return (
    <div class="painting">
      <p class="caption">
        <b>An image made for it</b>, from noise, by following the gradient
      </p>
      <Picture
        raster={{
          values: seen?.pixels ?? new Float32Array(SIDE * SIDE),
          height: SIDE,
          width: SIDE,
          range: [0, 1],
          colours: "sequence",
        }}
        label={
          seen === undefined
            ? "Nothing painted yet"
            : `An image after ${seen.step} steps, which excites the feature by ${figure(seen.excitement)}`
        }
      />
      <div class="controls">
        <button type="button" class="primary play" onClick={isPainting.value ? stop : paint}>
          {isPainting.value ? "Stop" : "Paint"}
        </button>
        <button type="button" onClick={() => set({ seed: (seed % featuresFields.seed.most) + 1 })}>
          Other noise
        </button>
      </div>
      <p class="readout" role="status">
        {seen === undefined
          ? "Paint, and watch it appear."
          : `Step ${seen.step} of ${steps}: it excites the feature by ${figure(seen.excitement)}.`}
      </p>
      {problem.value !== undefined && (
        <div class="notice" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
    </div>
  );
}
