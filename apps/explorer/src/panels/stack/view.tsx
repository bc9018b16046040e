import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import { Check } from "../../controls/Check.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import type { Place } from "../../controls/Matrix.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Legend, Picture } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import { Volumes } from "../../draw/Volumes.tsx";
import type { PanelProps } from "../../panel.ts";
import { sample, SIDE } from "../../draw/samples.ts";
import { codeOf, kernelNames, mapAt, requestOf, stackFields, volumesOf } from "./model.ts";

/** One scale for all maps, so that they can be compared. */
const RANGE = [-4, 4] as const;

/** An image, the maps that filters make of it, and what they say of one place. */
export function StackView({ state: signal, set }: PanelProps<typeof stackFields>): JSX.Element {
  const state = signal.value;
  const pointed = useSignal<Place | undefined>(undefined);
  const filters = useComputed(() => signal.value.filters);
  const name = useComputed(() => signal.value.image);
  const answered = useAnswer(
    "convolution",
    useComputed(() => requestOf({ filters: filters.value }, sample(name.value))),
  );
  const answer = answered.value?.outcome.kind === "answer" ? answered.value.outcome.value : undefined;
  const count = answer?.outputShape[2] ?? 0;
  const at = pointed.value ?? { row: state.row - 1, column: state.column - 1 };
  const frame = { ...at, rows: 1, columns: 1 };
  const maps = answer ? kernelNames({ filters: count }).map((_, i) => mapAt(answer.output, count, i, state.relu)) : [];
  const column = maps.map((map) => map[at.row * SIDE + at.column]!);
  const onPick = ({ row, column }: Place): void => set({ row: row + 1, column: column + 1 });
  const volumes = volumesOf(state);
  return (
    <>
      <div class="controls">
        <Choice
          label="Image"
          options={stackFields.image.options}
          value={state.image}
          onChange={(image) => set({ image })}
        />
        <Slider
          label="Filters"
          field={stackFields.filters}
          value={state.filters}
          onChange={(filters) => set({ filters })}
        />
        <Slider label="Row" field={stackFields.row} value={state.row} onChange={(row) => set({ row })} />
        <Slider label="Column" field={stackFields.column} value={state.column} onChange={(column) => set({ column })} />
        <Check label="ReLU after it" value={state.relu} onChange={(relu) => set({ relu })} />
      </div>
      <div class="stack-figure">
        <div class="original">
          <p class="caption">
            <b>x</b>, {SIDE} × {SIDE} × 1
          </p>
          <Picture
            raster={{ values: sample(state.image), height: SIDE, width: SIDE, range: [0, 1], colours: "grey" }}
            label={`The image, ${state.image}`}
            frame={{ row: at.row - 1, column: at.column - 1, rows: 3, columns: 3 }}
            onPoint={(to) => (pointed.value = to)}
            onPick={onPick}
          />
        </div>
        <div>
          <p class="caption">
            <b>y</b>, {SIDE} × {SIDE} × {count}: a map for each filter
          </p>
          <div class="slices-of">
            {maps.map((values, i) => (
              <div key={i}>
                <Picture
                  raster={{
                    values,
                    height: SIDE,
                    width: SIDE,
                    range: RANGE,
                    colours: "signed",
                  }}
                  label={`Map of ${kernelNames({ filters: count })[i]}: ${shown(values[at.row * SIDE + at.column]!)} at row ${at.row + 1}, column ${at.column + 1}`}
                  frame={frame}
                  onPoint={(to) => (pointed.value = to)}
                  onPick={onPick}
                />
                <p class="caption">
                  {kernelNames({ filters: count })[i]} <b>{shown(column[i]!)}</b>
                </p>
              </div>
            ))}
          </div>
          <Legend range={RANGE} colours="signed" />
        </div>
      </div>
      <p class="readout" role="status">
        At row {at.row + 1}, column {at.column + 1} the layer says [{column.map(shown).join(", ")}].
      </p>
      <div class="wide" tabIndex={0} role="group" aria-label="Volumes">
        <Volumes
          volumes={volumes}
          scale="true"
          label={`Volumes in their true proportions: ${volumes.map(({ name, shape }) => `${name} ${shape.join(" × ")}`).join(", ")}`}
        />
      </div>
      <Code text={codeOf(state)} />
    </>
  );
}
