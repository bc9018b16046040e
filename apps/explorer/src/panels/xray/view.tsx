import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import type { LayerMaps, TakeApartAnswer } from "../../compute/takeApart.ts";
import type { UnitRequest } from "../../compute/unit.ts";
import { Code } from "../../controls/Code.tsx";
import { controlsOf } from "../../controls/controlsOf.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Select } from "../../controls/Select.tsx";
import { ink, Plate } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import { upTo } from "../../numbers.ts";
import type { PanelProps } from "../../panel.ts";
import { DrawingPad } from "./DrawingPad.tsx";
import { Layers } from "./Layers.tsx";
import { choosing, chosenIn, codeOf, titleOf, verdictOf, xrayFields, type Chosen } from "./model.ts";
import { Scores } from "./Scores.tsx";
import { UnitView } from "./UnitView.tsx";
import { useApart } from "./useApart.ts";
import { useDrawing } from "./useDrawing.ts";

type Props = PanelProps<typeof xrayFields>;

/** A drawing, and everything that a net computes from it, down to the last product. */
export function XrayView(props: Props): JSX.Element {
  const { state: signal, set } = props;
  const state = signal.value;
  const { check } = controlsOf(xrayFields, props);
  const drawing = useDrawing();
  const apart = useApart(drawing);
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
}): JSX.Element {
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
function UnitChoice(props: Props & { readonly layers: readonly LayerMaps[]; readonly chosen: Chosen }): JSX.Element {
  const { layers, chosen, set } = props;
  const { index, layer, unit } = chosen;
  const { shape } = layer;
  const { slider } = controlsOf(xrayFields, props);
  const hasMaps = unit.length === 3;
  const at = (place: number, most: number) => ({ value: place + 1, most });
  return (
    <div class="controls">
      <Select
        label="Layer"
        options={upTo(layers.length)}
        value={index}
        onChange={(to) => set({ layer: to + 1 })}
        nameOf={(i) => `${i + 1}. ${titleOf(layers[i]!)}`}
      />
      {slider("map", hasMaps ? "Map" : "Number", at(unit.at(-1)!, shape.at(-1)!))}
      {hasMaps && slider("row", "Row", at(unit[0]!, shape[0]!))}
      {hasMaps && slider("column", "Column", at(unit[1]!, shape[1]!))}
    </div>
  );
}
