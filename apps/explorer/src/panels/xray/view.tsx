import { useComputed } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import type { LayerMaps, TakeApartAnswer } from "../../compute/takeApart.ts";
import type { UnitRequest } from "../../compute/unit.ts";
import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { ink, Plate } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { DrawingPad } from "./DrawingPad.tsx";
import { Layers } from "./Layers.tsx";
import { LayerSelect } from "./LayerSelect.tsx";
import { axesOf, choosing, chosenIn, codeOf, verdictOf, type Chosen, type xrayFields } from "./model.ts";
import { Scores } from "./Scores.tsx";
import { UnitView } from "./UnitView.tsx";
import { useDrawing } from "./useDrawing.ts";

type Props = PanelProps<typeof xrayFields>;

/** A drawing, and everything that a net computes from it, down to the last product. */
export function XrayView(props: Props) {
  const { signal, state, set, check } = props;
  const drawing = useDrawing();
  const { apart } = drawing;
  const layers = useComputed(() => apart.value.value?.layers);
  const looked = useAnswer("unit", (): UnitRequest | undefined => {
    const pixels = drawing.pixels.value;
    if (pixels === undefined || layers.value === undefined) return undefined;
    const { layer, unit } = chosenIn(signal.value, layers.value);
    return { net: drawing.net.value, pixels, layer: layer.name, unit };
  }).value;
  const seen = apart.value.value;
  const go = (index: number, unit: readonly number[]): void => set(choosing(index, unit));
  const chosen = seen && chosenIn(state, seen.layers);
  const pixels = drawing.pixels.value;
  return (
    <>
      <div class="reading">
        <DrawingPad drawing={drawing}>{check("centre", "Centre it for me")}</DrawingPad>
        {drawing.isOwn.value && state.centre && pixels && (
          <div class="given">
            <Plate
              caption="Input of the net"
              pixels={ink(pixels)}
              label="Your drawing, moved and scaled as the digits of the training set"
            />
          </div>
        )}
        {seen && pixels && <Verdict seen={seen} pixels={pixels} onGo={go} />}
      </div>
      <Notice text={apart.value.problem ?? looked.problem} />
      {seen && chosen && (
        <div class="apart">
          <Layers layers={seen.layers} chosen={chosen} onChoose={go} />
          <div class="unit">
            <UnitChoice {...props} layers={seen.layers} chosen={chosen} />
            {pixels && looked.value && isOf(looked.request, chosen) && (
              <UnitView chosen={chosen} answer={looked.value} layers={seen.layers} pixels={pixels} onGo={go} />
            )}
          </div>
        </div>
      )}
      {chosen && <Code text={codeOf(chosen)} />}
    </>
  );
}

/** The class that the net decides for, and the share of each class. */
function Verdict(props: {
  readonly seen: TakeApartAnswer;
  readonly pixels: Float32Array;
  readonly onGo: (index: number, unit: readonly number[]) => void;
}) {
  const { seen, pixels, onGo } = props;
  const { origin, accuracy, classes } = seen.net;
  return (
    <div class="verdict">
      <p class="readout" role="status">
        {verdictOf(seen, pixels)}
      </p>
      <Scores classes={classes} shares={seen.shares} onPick={(index) => onGo(seen.layers.length - 1, [index])} />
      <p class="caption">
        The net was {origin}
        {accuracy !== undefined && `; its test accuracy is ${shown(100 * accuracy)} %`}.
      </p>
    </div>
  );
}

/** Whether an answer is about the selected unit. */
const isOf = (request: UnitRequest | undefined, { layer, unit }: Chosen): boolean =>
  request?.layer === layer.name && request.unit.join() === unit.join();

/** Selects a unit by numbers, as a click on a map does. */
function UnitChoice(props: Props & { readonly layers: readonly LayerMaps[]; readonly chosen: Chosen }) {
  const { layers, chosen, set, slider } = props;
  const { index, layer, unit } = chosen;
  const names = { map: unit.length === 3 ? "Map" : "Number", row: "Row", column: "Column" };
  const sliders = axesOf(layer.shape).map((axis, i) =>
    slider(axis, names[axis], { value: unit[i]! + 1, most: layer.shape[i]! }),
  );
  return (
    <div class="controls">
      <LayerSelect layers={layers} value={index + 1} set={set} />
      {sliders.at(-1)}
      {sliders.slice(0, -1)}
    </div>
  );
}
