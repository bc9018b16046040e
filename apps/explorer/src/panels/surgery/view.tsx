import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import type { SurgeryAnswer } from "../../compute/surgery.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Legend, Picture } from "../../draw/Picture.tsx";
import { shapeNames } from "../../draw/shapes.ts";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import {
  codeOf,
  CROP,
  differences,
  LARGE,
  largeImage,
  mapOf,
  POSITIONS,
  requestOf,
  scoresAt,
  small,
  surgeryFields,
  vgg,
  type SurgeryState,
} from "./model.ts";

type Props = PanelProps<typeof surgeryFields>;

/** The score of a shape in the middle of its crop is about so much. */
const BRIGHTEST = 20;

/** A classifier on every crop, and as a convolution over the whole image. */
export function SurgeryView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const padding = useComputed(() => signal.value.padding);
  const answered = useAnswer(
    "surgery",
    useComputed(() => requestOf({ padding: padding.value })),
  );
  const outcome = answered.value?.outcome;
  const answer = outcome?.kind === "answer" ? outcome.value : undefined;
  const frame = { row: (state.row - 1) * 2, column: (state.column - 1) * 2, rows: CROP, columns: CROP };
  const hold = (value: number): number => Math.max(1, Math.min(POSITIONS, value));
  return (
    <>
      <div class="controls">
        <Choice label="Scores of" options={shapeNames} value={state.shape} onChange={(shape) => set({ shape })} />
        <Choice
          label="Padding of the convolution"
          options={surgeryFields.padding.options}
          value={state.padding}
          onChange={(padding) => set({ padding })}
          nameOf={(padding) => (padding === "0" ? "none" : "one row of zeros")}
        />
        <Slider label="Crop, down" field={surgeryFields.row} value={state.row} onChange={(row) => set({ row })} />
        <Slider
          label="Crop, right"
          field={surgeryFields.column}
          value={state.column}
          onChange={(column) => set({ column })}
        />
      </div>
      <div class="pictures surgery">
        <div>
          <p class="caption">
            <b>Image</b>, {LARGE} × {LARGE}, for a net of {CROP} × {CROP}
          </p>
          <Picture
            raster={{ values: largeImage(), height: LARGE, width: LARGE, range: [0, 1], colours: "sequence" }}
            label={`Four shapes; the crop begins at row ${frame.row + 1}, column ${frame.column + 1}`}
            frame={frame}
            onPick={({ row, column }) =>
              set({
                row: hold(Math.round((row - CROP / 2) / 2) + 1),
                column: hold(Math.round((column - CROP / 2) / 2) + 1),
              })
            }
          />
        </div>
        {answer && (
          <Scores name="sliding, in one pass" state={state} set={set} values={mapOf(answer.sliding, state.shape)} />
        )}
        {answer && <Scores name={"crop by crop"} state={state} set={set} values={mapOf(answer.crops, state.shape)} />}
      </div>
      {answer && <Comparison state={state} answer={answer} />}
      <p class="counts">
        VGG-16, which was made for 224 × 224: its first full connection sees 7 × 7 × 512 numbers, so it becomes 4096
        filters of 7 × 7, which are the same <strong>{vgg.weights.toLocaleString("en")}</strong> weights. On an image of
        384 × 384 they stand at <strong>{`${vgg.positions} × ${vgg.positions}`}</strong> places, and{" "}
        {vgg.positions ** 2} answers come out of one pass.
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

function Scores(props: {
  readonly name: string;
  readonly state: SurgeryState;
  readonly set: Props["set"];
  readonly values: Float32Array;
}): JSX.Element {
  const { name, state, set, values } = props;
  return (
    <div>
      <p class="caption">
        Scores of “{state.shape}”, <b>{name}</b>
      </p>
      <Picture
        raster={{ values, height: POSITIONS, width: POSITIONS, range: [0, BRIGHTEST], colours: "sequence" }}
        label={`Scores of ${state.shape}, ${name}: from ${shown(Math.min(...values))} to ${shown(Math.max(...values))}`}
        frame={{ row: state.row - 1, column: state.column - 1, rows: 1, columns: 1 }}
        onPick={({ row, column }) => set({ row: row + 1, column: column + 1 })}
      />
      <Legend range={[0, BRIGHTEST]} colours="sequence" />
    </div>
  );
}

/** The numbers of one crop, and what can be said of all. */
function Comparison({ state, answer }: { readonly state: SurgeryState; readonly answer: SurgeryAnswer }): JSX.Element {
  const rows = scoresAt(answer, state);
  const best = rows.reduce((a, b) => (b.crop > a.crop ? b : a));
  const largest = Math.max(...differences(answer));
  const [side, channels] = answer.maps;
  const { products } = answer;
  return (
    <div class="comparison">
      <table class="scores-table">
        <caption>The crop in the frame</caption>
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col">by itself</th>
            <th scope="col">sliding</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} class={row === best ? "best" : ""}>
              <th scope="row">{row.name}</th>
              <td>{row.crop.toFixed(3)}</td>
              <td>{row.sliding.toFixed(3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="facts">
        <li>
          Largest difference at all {POSITIONS * POSITIONS} places:{" "}
          <strong data-fact="difference">{small(largest)}</strong>
          {largest === 0
            ? ", to the bit."
            : largest < 1e-3
              ? ", which is rounding."
              : ": crops see zeros where the image goes on."}
        </li>
        <li>
          The same {side * side * channels * shapeNames.length} weights, as a matrix [{side * side * channels},{" "}
          {shapeNames.length}] or as filters [{side}, {side}, {channels}, {shapeNames.length}]; there and back changes
          them by <strong data-fact="roundTrip">{small(answer.roundTrip)}</strong>.
        </li>
        <li>
          {products.crops.toLocaleString("en")} multiply-adds crop by crop, {products.sliding.toLocaleString("en")}{" "}
          sliding: <strong>{(products.crops / products.sliding).toFixed(1)} times</strong> fewer, for lines are looked
          for only once.
        </li>
      </ul>
      <p class="readout" role="status">
        This crop looks most like a {best.name} ({best.crop.toFixed(1)}).
      </p>
    </div>
  );
}
