import { drawVolumes } from "@convlens/analysis/render";
import { useSignal } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import { Code } from "../../controls/Code.tsx";
import type { Place } from "../../place.ts";
import { Drawing } from "../../draw/Drawing.tsx";
import { gray, Legend, Plate, signed } from "../../draw/Picture.tsx";
import { sample, SIDE } from "../../draw/samples.ts";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { codeOf, kernelNames, mapAt, requestOf, stackFields, volumesOf } from "./model.ts";

/** One scale for all maps, so that they can be compared. */
const LIMIT = 4;

/** An image, the maps that filters compute from it, and the values of all maps at one place. */
export function StackView(props: PanelProps<typeof stackFields>) {
  const { signal, state, set, slider, choice, check } = props;
  const pointed = useSignal<Place | undefined>(undefined);
  const answer = useAnswer("convolution", () => requestOf(signal.value, sample(signal.value.image))).value.value;
  const names = kernelNames({ filters: answer?.outputShape[2] ?? 0 });
  const at = pointed.value ?? { row: state.row - 1, column: state.column - 1 };
  const maps = names.map((_, i) => mapAt(answer!.output, names.length, i, state.relu));
  const column = maps.map((map) => map[at.row * SIDE + at.column]!);
  const pointing = {
    onPoint: (to: Place | undefined): void => void (pointed.value = to),
    onPick: (to: Place): void => set({ row: to.row + 1, column: to.column + 1 }),
  };
  const where = `row ${at.row + 1}, column ${at.column + 1}`;
  return (
    <>
      <div class="controls">
        {choice("image", "Image")}
        {slider("filters", "Filters")}
        {slider("row", "Row")}
        {slider("column", "Column")}
        {check("relu", "ReLU after the convolution")}
      </div>
      <div class="stack-figure">
        <div class="original">
          <Plate
            title="x"
            caption={`, ${SIDE} × ${SIDE} × 1`}
            pixels={gray(sample(state.image))}
            label={`The image, ${state.image}`}
            frame={{ row: at.row - 1, column: at.column - 1, rows: 3, columns: 3 }}
            {...pointing}
          />
        </div>
        <div>
          <p class="caption">
            <b>y</b>, {SIDE} × {SIDE} × {names.length}: a map for each filter
          </p>
          <div class="slices-of">
            {maps.map((values, i) => (
              <Plate
                key={i}
                lead={`${names[i]} `}
                title={shown(column[i]!)}
                pixels={signed(values, LIMIT)}
                label={`Map of ${names[i]}: ${shown(column[i]!)} at ${where}`}
                frame={{ ...at, rows: 1, columns: 1 }}
                {...pointing}
              />
            ))}
          </div>
          <Legend range={[-LIMIT, LIMIT]} map="signed" />
        </div>
      </div>
      <p class="readout" role="status">
        The maps at {where}: [{column.map(shown).join(", ")}].
      </p>
      <Drawing zoom={1.4} draw={(width) => drawVolumes(volumesOf(state), { width, scale: "true" })} />
      <Code text={codeOf(state)} />
    </>
  );
}
