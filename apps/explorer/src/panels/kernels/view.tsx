import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import { Check } from "../../controls/Check.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Matrix, type CellLook, type Place } from "../../controls/Matrix.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { shown } from "../../draw/shown.ts";
import { Legend, Picture } from "../../draw/Picture.tsx";
import type { PanelProps } from "../../panel.ts";
import { Composed, Products } from "./Products.tsx";
import { Result } from "./Result.tsx";
import { Source } from "./Source.tsx";
import {
  codeOf,
  imageOf,
  kernelsFields,
  lookedAt,
  lostBy,
  nameOf,
  presetNames,
  presets,
  requestOf,
  sumSentence,
  thenRequestOf,
  type KernelsState,
} from "./model.ts";
import { SIDE } from "../../draw/samples.ts";

type Props = PanelProps<typeof kernelsFields>;

/** An image, nine numbers, and what they make of it. */
export function KernelsView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const own = useSignal<Float32Array | undefined>(undefined);
  const pointed = useSignal<Place | undefined>(undefined);
  const [name, sheet] = [useComputed(() => signal.value.image), useComputed(() => signal.value.sheet)];
  const image = useComputed(() => own.value ?? imageOf({ image: name.value, sheet: sheet.value }));
  const first = useAnswer(
    "convolution",
    useComputed(() => requestOf(signal.value, image.value)),
  );
  const result = first.value?.outcome.kind === "answer" ? first.value.outcome.value.output : undefined;
  const second = useAnswer(
    "convolution",
    useComputed(() => {
      const outcome = first.value?.outcome;
      return outcome?.kind === "answer" ? thenRequestOf(signal.value, outcome.value.output) : undefined;
    }),
  );
  const twice =
    second.value?.outcome.kind === "answer" && state.next !== "nothing" ? second.value.outcome.value.output : undefined;

  const at = lookedAt(state, pointed.value ?? { row: state.row - 1, column: state.column - 1 });
  const lost = lostBy(state);
  const pick =
    (offset: number) =>
    ({ row, column }: Place) =>
      set({ row: row + offset + 1, column: column + offset + 1 });
  const point = (offset: number) => (to: Place | undefined) =>
    (pointed.value = to && { row: to.row + offset, column: to.column + offset });
  return (
    <>
      <Source state={signal} set={set} own={own} />
      <Choice
        label="Kernel"
        options={presetNames}
        value={nameOf(state) ?? ("" as never)}
        onChange={(preset) => set(presets[preset])}
      />
      <div class="pictures">
        <div>
          <p class="caption">
            <b>Image</b>, {SIDE} × {SIDE}
          </p>
          <Picture
            raster={{ values: image.value, height: SIDE, width: SIDE, range: [0, 1], colours: "grey" }}
            label={`The image; the pixel at row ${at.row + 1}, column ${at.column + 1} is ${shown(image.value[at.row * SIDE + at.column]!)}`}
            frame={{ row: at.row - 1, column: at.column - 1, rows: 3, columns: 3 }}
            onPoint={point(0)}
            onPick={pick(0)}
          />
          <Legend range={[0, 1]} colours="grey" />
        </div>
        <KernelCells state={state} set={set} />
        {result && (
          <Result
            name="Result"
            values={result}
            at={{ row: at.row - lost, column: at.column - lost }}
            onPoint={point(lost)}
            onPick={pick(lost)}
          />
        )}
        {twice && <Result name={`Then ${state.next}`} values={twice} />}
      </div>
      {result && (
        <Products state={state} image={image.value} at={at} computed={result[valueIndex(result, at, lost)]!} />
      )}
      <div class="controls">
        <Slider label="Row" field={kernelsFields.row} value={state.row} onChange={(row) => set({ row })} />
        <Slider
          label="Column"
          field={kernelsFields.column}
          value={state.column}
          onChange={(column) => set({ column })}
        />
        <Choice
          label="Beyond the border"
          options={kernelsFields.border.options}
          value={state.border}
          onChange={(border) => set({ border })}
        />
      </div>
      <details class="more">
        <summary>More: divide, turn, a second kernel</summary>
        <div class="controls">
          <Slider
            label="Divide by"
            field={kernelsFields.divisor}
            value={state.divisor}
            onChange={(divisor) => set({ divisor })}
          />
          <Check
            label="Turn by half a turn (mathematicians' convolution)"
            value={state.flip}
            onChange={(flip) => set({ flip })}
          />
          <label>
            Then, on the result{" "}
            <select
              value={state.next}
              onChange={(event) => set({ next: event.currentTarget.value as KernelsState["next"] })}
            >
              {kernelsFields.next.options.map((option) => (
                <option key={option}>{option}</option>
              ))}
            </select>
          </label>
        </div>
      </details>
      {state.next !== "nothing" && <Composed state={state} then={state.next} />}
      <p class="readout" role="status">
        {sumSentence(state)}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

const valueIndex = (result: ArrayLike<number>, { row, column }: Place, lost: number): number =>
  (row - lost) * Math.round(Math.sqrt(result.length)) + column - lost;

/** The kernel, to be edited. */
function KernelCells({ state, set }: { readonly state: KernelsState; readonly set: Props["set"] }): JSX.Element {
  const cell = ({ row, column }: Place): CellLook => {
    const value = state.cells[row * 3 + column]!;
    return {
      text: shown(value),
      label: `kernel, row ${row + 1}, column ${column + 1}: ${shown(value)}`,
      className: value < 0 ? "negative" : value > 0 ? "positive" : "",
      share: Math.min(1, Math.abs(value) / Math.max(...state.cells.map(Math.abs), 1)),
      isEditable: true,
    };
  };
  return (
    <div class="kernel">
      <p class="caption">
        <b>Kernel</b>
        {state.divisor === 1 ? "" : ` / ${state.divisor}`}
      </p>
      <Matrix
        label="Kernel"
        className="large"
        rows={3}
        columns={3}
        cell={cell}
        onEdit={({ row, column }, value) => set({ cells: state.cells.with(row * 3 + column, value) })}
      />
    </div>
  );
}
