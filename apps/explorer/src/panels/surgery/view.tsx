import { useAnswer } from "../../compute/compute.ts";
import type { SurgeryAnswer } from "../../compute/surgery.ts";
import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { ink, Plate } from "../../draw/Picture.tsx";
import { shapeNames } from "../../draw/shapes.ts";
import { grouped, shown } from "../../draw/shown.ts";
import { clamp } from "../../numbers.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
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

/** About the largest score, that of a shape in the middle of its crop. */
const BRIGHTEST = 20;

/** A classifier on every crop, and as a convolution over the whole image. */
export function SurgeryView(props: Props) {
  const { signal, state, set, slider, choice } = props;
  const { value: answer, problem } = useAnswer("surgery", () => requestOf(signal.value)).value;
  const frame = { row: (state.row - 1) * 2, column: (state.column - 1) * 2, rows: CROP, columns: CROP };
  /** The crop with a pixel in its middle. */
  const cropAt = (pixel: number): number => clamp(Math.round((pixel - CROP / 2) / 2) + 1, 1, POSITIONS);
  return (
    <>
      <div class="controls">
        {choice("shape", "Scores of")}
        {choice("padding", "Padding of the convolution", { 0: "none", 1: "one row of zeros" })}
        {slider("row", "Crop, down")}
        {slider("column", "Crop, right")}
      </div>
      <Notice text={problem} />
      <div class="pictures surgery">
        <Plate
          title="Image"
          caption={`, ${LARGE} × ${LARGE}, for a net of ${CROP} × ${CROP}`}
          pixels={ink(largeImage())}
          label={`Four shapes; the crop begins at row ${frame.row + 1}, column ${frame.column + 1}`}
          frame={frame}
          onPick={({ row, column }) => set({ row: cropAt(row), column: cropAt(column) })}
        />
        {answer && (
          <Scores name="sliding, in one pass" state={state} set={set} values={mapOf(answer.sliding, state.shape)} />
        )}
        {answer && <Scores name="crop by crop" state={state} set={set} values={mapOf(answer.crops, state.shape)} />}
      </div>
      {answer && <Comparison state={state} answer={answer} />}
      <p class="counts">
        VGG-16 was made for 224 × 224 pixels. Its first fully connected layer reads 7 × 7 × 512 numbers, so it becomes
        4096 filters of 7 × 7 with the same <strong>{grouped(vgg.weights)}</strong> weights. On an image of 384 × 384
        they have <strong>{`${vgg.positions} × ${vgg.positions}`}</strong> positions, so one pass gives{" "}
        {vgg.positions ** 2} answers.
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
}) {
  const { name, state, set, values } = props;
  return (
    <Plate
      lead={`Scores of “${state.shape}”, `}
      title={name}
      pixels={{ values, range: [0, BRIGHTEST], map: "sequential" }}
      label={`Scores of ${state.shape}, ${name}: from ${shown(Math.min(...values))} to ${shown(Math.max(...values))}`}
      frame={{ row: state.row - 1, column: state.column - 1, rows: 1, columns: 1 }}
      onPick={({ row, column }) => set({ row: row + 1, column: column + 1 })}
      hasLegend
    />
  );
}

/** The scores of the selected crop, and facts about all of them. */
function Comparison({ state, answer }: { readonly state: SurgeryState; readonly answer: SurgeryAnswer }) {
  const rows = scoresAt(answer, state);
  const best = rows.reduce((a, b) => (b.crop > a.crop ? b : a));
  const largest = Math.max(...differences(answer));
  const [side, channels] = answer.maps;
  const { crops, sliding } = answer.products;
  const inputs = side * side * channels;
  const why =
    largest === 0
      ? ": the same bits."
      : largest < 1e-3
        ? ", which is rounding."
        : ": crops have zeros around them where the image continues.";
  return (
    <div class="comparison">
      <table class="scores-table">
        <caption>The crop in the frame</caption>
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col">crop</th>
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
          Largest difference at all {POSITIONS * POSITIONS} positions:{" "}
          <strong data-fact="difference">{small(largest)}</strong>
          {why}
        </li>
        <li>
          The same {inputs * shapeNames.length} weights are a matrix [{inputs}, {shapeNames.length}] or filters [{side},{" "}
          {side}, {channels}, {shapeNames.length}]. Converting them there and back changes them by{" "}
          <strong data-fact="roundTrip">{small(answer.roundTrip)}</strong>.
        </li>
        <li>
          {grouped(crops)} multiply-adds crop by crop, {grouped(sliding)} sliding:{" "}
          <strong>{(crops / sliding).toFixed(1)} times</strong> fewer, because the convolution runs only once over
          overlapping crops.
        </li>
      </ul>
      <p class="readout" role="status">
        This crop looks most like a {best.name} ({best.crop.toFixed(1)}).
      </p>
    </div>
  );
}
