import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import type { UnitRequest } from "../../compute/unit.ts";
import type { LayerMaps } from "../../compute/takeApart.ts";
import { Check } from "../../controls/Check.tsx";
import { Code } from "../../controls/Code.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Picture } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import { DrawingPad } from "./DrawingPad.tsx";
import { SIDE } from "../../draw/ink.ts";
import { Layers } from "./Layers.tsx";
import { choosing, chosenIn, codeOf, titleOf, verdictOf, xrayFields, type Chosen } from "./model.ts";
import { Scores } from "./Scores.tsx";
import { UnitView } from "./UnitView.tsx";
import { useApart } from "./useApart.ts";
import { useDrawing } from "./useDrawing.ts";

type Props = PanelProps<typeof xrayFields>;

/** A drawing, and everything that a net makes of it, down to the last product. */
export function XrayView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const drawing = useDrawing();
  const apart = useApart(drawing);
  const seen = apart.value?.kind === "answer" ? apart.value.value : undefined;
  const layers = useComputed(() => (apart.value?.kind === "answer" ? apart.value.value.layers : undefined));
  const looked = useAnswer(
    "unit",
    useComputed((): UnitRequest | undefined => {
      const pixels = drawing.pixels.value;
      if (pixels === undefined || layers.value === undefined) return undefined;
      const { layer, unit } = chosenIn(signal.value, layers.value);
      return { net: drawing.net.value, pixels, layer: layer.name, unit };
    }),
  );
  const problem = [apart.value, looked.value?.outcome].find((outcome) => outcome?.kind === "problem");
  const go = (index: number, unit: readonly number[]): void => set(choosing(index, unit));
  const chosen = seen && chosenIn(state, seen.layers);
  const pixels = drawing.pixels.value;
  return (
    <>
      <div class="reading">
        <DrawingPad drawing={drawing}>
          <Check label="Centre it for me" value={state.centre} onChange={(centre) => set({ centre })} />
        </DrawingPad>
        {drawing.isOwn.value && state.centre && pixels && (
          <div class="given">
            <p class="caption">What the net is given</p>
            <Picture
              raster={{ values: pixels, height: SIDE, width: SIDE, range: [0, 1], colours: "sequence" }}
              label="Your drawing, moved and scaled as the digits are that the net has learned from"
            />
          </div>
        )}
        {seen && pixels && (
          <div class="verdict">
            <p class="readout" role="status">
              {verdictOf(seen, pixels)}
            </p>
            <Scores
              classes={seen.net.classes}
              shares={seen.shares}
              onPick={(index) => go(seen.layers.length - 1, [index])}
            />
            <p class="caption">
              The net was {seen.net.origin}
              {seen.net.accuracy !== undefined &&
                `; it reads ${shown(100 * seen.net.accuracy)} % of the digits that it has not seen`}
              .
            </p>
          </div>
        )}
      </div>
      {problem?.kind === "problem" && (
        <div class="notice" role="alert">
          <p>{problem.text}</p>
        </div>
      )}
      {seen && chosen && (
        <div class="apart">
          <Layers layers={seen.layers} chosen={chosen} onChoose={go} />
          <div class="unit">
            <UnitChoice layers={seen.layers} chosen={chosen} set={set} />
            {pixels && looked.value?.outcome.kind === "answer" && isOf(looked.value.request, chosen) && (
              <UnitView
                chosen={chosen}
                answer={looked.value.outcome.value}
                layers={seen.layers}
                pixels={pixels}
                onGo={go}
              />
            )}
          </div>
        </div>
      )}
      {chosen && <Code text={codeOf(chosen)} />}
    </>
  );
}

/** Whether an answer is about the unit that is looked at now. */
const isOf = (request: UnitRequest, { layer, unit }: Chosen): boolean =>
  request.layer === layer.name && request.unit.join() === unit.join();

/** Chooses a unit by its numbers: what a click on a map does. */
function UnitChoice({
  layers,
  chosen: { index, layer, unit },
  set,
}: {
  readonly layers: readonly LayerMaps[];
  readonly chosen: Chosen;
  readonly set: Props["set"];
}): JSX.Element {
  const { shape } = layer;
  const hasMaps = unit.length === 3;
  const slider = (label: string, name: "row" | "column" | "map", at: number, most: number): JSX.Element => (
    <Slider label={label} field={xrayFields[name]} value={at + 1} most={most} onChange={(to) => set({ [name]: to })} />
  );
  return (
    <div class="controls">
      <label>
        Layer{" "}
        <select value={index} onChange={(event) => set({ layer: Number(event.currentTarget.value) + 1 })}>
          {layers.map((each, i) => (
            <option key={each.name} value={i}>
              {i + 1}. {titleOf(each)}
            </option>
          ))}
        </select>
      </label>
      {slider(hasMaps ? "Map" : "Number", "map", unit.at(-1)!, shape.at(-1)!)}
      {hasMaps && slider("Row", "row", unit[0]!, shape[0]!)}
      {hasMaps && slider("Column", "column", unit[1]!, shape[1]!)}
    </div>
  );
}
