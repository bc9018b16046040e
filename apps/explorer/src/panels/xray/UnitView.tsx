import type { UnitAnswer } from "../../compute/unit.ts";
import type { LayerMaps } from "../../compute/takeApart.ts";
import { ink, Plate } from "../../draw/Picture.tsx";
import { counted } from "../../draw/shown.ts";
import { SIDE } from "../../draw/ink.ts";
import { Row } from "./Scores.tsx";
import {
  agreementOf,
  countOf,
  figure,
  formulaOf,
  partsOf,
  titleOf,
  unitName,
  usesOf,
  type Chosen,
  type Parts,
} from "./model.ts";

/** Selects another unit. */
type Go = (index: number, unit: readonly number[]) => void;

/** One number: its receptive field, the numbers that it is computed from, and the numbers that read it. */
export function UnitView(props: {
  readonly chosen: Chosen;
  readonly answer: UnitAnswer;
  readonly layers: readonly LayerMaps[];
  readonly pixels: Float32Array;
  readonly onGo: Go;
}) {
  const { chosen, answer, layers, pixels, onGo } = props;
  const { index, unit, layer } = chosen;
  const { box, seen, trace } = answer;
  const [rows = [0, SIDE - 1], columns = [0, SIDE - 1]] = box;
  const frame = {
    row: rows[0],
    column: columns[0],
    rows: rows[1] - rows[0] + 1,
    columns: columns[1] - columns[0] + 1,
  };
  const sees = `Its receptive field: ${counted(seen, "pixel")}, rows ${rows[0] + 1} to ${rows[1] + 1}, columns ${columns[0] + 1} to ${columns[1] + 1}`;
  const from = layers[index - 1];
  const to = layers[index + 1];
  return (
    <>
      <h4>
        {titleOf(layer)}; {unitName(unit)}
      </h4>
      <div class="anatomy">
        <Plate caption={sees} pixels={ink(pixels)} label={sees} frame={frame} />
        <div>
          <p class="caption">
            <b>Computed from</b> {counted(countOf(answer), "number")} of{" "}
            {from === undefined ? "the drawing" : `“${titleOf(from)}”`}
          </p>
          <PartList
            parts={partsOf(answer)}
            nothing="Nothing."
            onGo={from === undefined ? undefined : (at) => onGo(index - 1, at)}
          />
          <p class="total" role="status">
            {formulaOf(answer)}
          </p>
          <p class="agreement">{agreementOf(answer)}</p>
        </div>
        <div>
          <p class="caption">
            <b>Read by</b> {to === undefined ? "no layer: it is an output of the net" : `“${titleOf(to)}”`}
          </p>
          <PartList
            parts={usesOf(answer)}
            nothing={to === undefined ? `The logit of the class is ${figure(trace.output)}.` : "No window contains it."}
            onGo={(at) => onGo(index + 1, at)}
          />
        </div>
      </div>
    </>
  );
}

/** Parts of a sum. A click goes to the unit of a part. */
function PartList({
  parts: { parts, others, othersSum },
  nothing,
  onGo,
}: {
  readonly parts: Parts;
  readonly nothing: string;
  readonly onGo: ((unit: readonly number[]) => void) | undefined;
}) {
  if (parts.length === 0) return <p>{nothing}</p>;
  const most = Math.max(...parts.map(({ value }) => Math.abs(value)), 1e-9);
  return (
    <ul class="parts">
      {parts.map(({ unit, text, value, isWinner }, i) => {
        const row = (
          <>
            <span class="where">{unit === undefined ? "padding" : unitName(unit)}</span>
            <span class="what">{text}</span>
            <span
              class={`amount ${value < 0 ? "negative" : "positive"} ${isWinner ? "winner" : ""}`}
              style={{ "--share": (Math.abs(value) / most).toFixed(3) }}
            >
              {figure(value)}
            </span>
          </>
        );
        return (
          <li key={i}>
            <Row class="part" onPick={unit && onGo && (() => onGo(unit))}>
              {row}
            </Row>
          </li>
        );
      })}
      {others > 0 && (
        <li class="part others">
          <span class="where">{others} more</span>
          <span class="what">together</span>
          <span class={`amount ${othersSum < 0 ? "negative" : "positive"}`}>{figure(othersSum)}</span>
        </li>
      )}
    </ul>
  );
}
