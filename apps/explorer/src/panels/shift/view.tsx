import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useAnswer, type Answered } from "../../compute/compute.ts";
import type { ShapesAnswer } from "../../compute/shapes.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Legend, Picture } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import {
  changedBy,
  codeOf,
  mapAt,
  ownScores,
  PLACES,
  placeOf,
  requestOf,
  rightAt,
  scoresAt,
  shiftFields,
  type ShiftState,
} from "./model.ts";
import { drawShape, FAR, shapeNames, SIDE, strokes } from "../../draw/shapes.ts";

type Props = PanelProps<typeof shiftFields>;

/** Values of lines: a full line of three pixels gives 6. */
const BRIGHTEST = 6;

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** A shape that can be moved, the maps before and after pooling, and what the net takes it for. */
export function ShiftView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  // The answers hold for all places: moving the shape asks for nothing new.
  const shape = useComputed(() => signal.value.shape);
  const kind = useComputed(() => signal.value.kind);
  const block = useComputed(() => Number(signal.value.block));
  const pooled = useAnswer(
    "shapes",
    useComputed(() => requestOf({ shape: shape.value, kind: kind.value }, block.value)),
  );
  const plain = useAnswer(
    "shapes",
    useComputed(() => requestOf({ shape: shape.value, kind: "max" }, 1)),
  );
  const answer = valueOf(pooled.value);
  const without = valueOf(plain.value);
  const place = placeOf(state);
  return (
    <>
      <div class="controls">
        <Choice label="Shape" options={shapeNames} value={state.shape} onChange={(shape) => set({ shape })} />
        <Choice
          label="Blocks"
          options={shiftFields.block.options}
          value={state.block}
          onChange={(block) => set({ block })}
          nameOf={(block) => (block === "1" ? "no pooling" : `${block} × ${block}`)}
        />
        <Choice
          label="Keep"
          options={shiftFields.kind.options}
          value={state.kind}
          onChange={(kind) => set({ kind })}
          nameOf={(kind) => ({ max: "the largest", average: "the mean", L2: "L2" })[kind]}
        />
      </div>
      <div class="shift">
        <Movable state={state} set={set} />
        {answer && <Maps name="Before pooling" maps={answer.before} side={SIDE} place={place} />}
        {answer && <Maps name="After pooling" maps={answer.after} side={answer.pooled} place={place} />}
      </div>
      {answer && without && (
        <div class="verdict">
          <Scores state={state} answer={answer} />
          <Everywhere name="with this pooling" state={state} answer={answer} set={set} />
          <Everywhere name="without pooling" state={state} answer={without} set={set} />
        </div>
      )}
      <p class="readout" role="status">
        {answer && sentence(state, answer)}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

const valueOf = (answered: Answered<"shapes"> | undefined): ShapesAnswer | undefined =>
  answered?.outcome.kind === "answer" ? answered.outcome.value : undefined;

function sentence(state: ShiftState, answer: ShapesAnswer): string {
  const shares = scoresAt(answer, placeOf(state));
  const best = shares.indexOf(Math.max(...shares));
  const before = changedBy(answer.before, SIDE, placeOf(state));
  const after = changedBy(answer.after, answer.pooled, placeOf(state));
  const verdict = `Taken for a ${shapeNames[best]} (${percent(shares[best]!)}).`;
  if (state.down === 0 && state.right === 0) return `The ${state.shape} stands in the middle. ${verdict}`;
  return `Against the middle ${before.changed} of ${before.all} numbers changed before pooling, ${after.changed} of ${after.all} after it. ${verdict}`;
}

/** The image, whose shape follows the pointer, arrow keys or buttons. */
function Movable({ state, set }: { readonly state: ShiftState } & Pick<Props, "set">): JSX.Element {
  const from = useRef<
    { readonly x: number; readonly y: number; readonly down: number; readonly right: number } | undefined
  >(undefined);
  const clamp = (value: number): number => Math.max(-FAR, Math.min(FAR, value));
  const move = (down: number, right: number): void => set({ down: clamp(down), right: clamp(right) });
  const { down, right } = state;
  const arrow = (name: string, sign: string, dy: number, dx: number): JSX.Element => (
    <button
      type="button"
      class={name}
      aria-label={`One pixel ${name}`}
      disabled={clamp(down + dy) !== down + dy || clamp(right + dx) !== right + dx}
      onClick={() => move(down + dy, right + dx)}
    >
      {sign}
    </button>
  );
  return (
    <div class="movable">
      <p class="caption">
        <b>Image</b>, drag the shape
      </p>
      <div
        class="drag"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          from.current = { x: event.clientX, y: event.clientY, down, right };
        }}
        onPointerMove={(event) => {
          const begun = from.current;
          if (begun === undefined) return;
          const pixel = event.currentTarget.getBoundingClientRect().width / SIDE;
          move(
            begun.down + Math.round((event.clientY - begun.y) / pixel),
            begun.right + Math.round((event.clientX - begun.x) / pixel),
          );
        }}
        onPointerUp={() => (from.current = undefined)}
        onPointerCancel={() => (from.current = undefined)}
      >
        <Picture
          raster={{
            values: drawShape(state.shape, down, right),
            height: SIDE,
            width: SIDE,
            range: [0, 1],
            colours: "sequence",
          }}
          label={`A ${state.shape}, ${Math.abs(down)} ${down < 0 ? "above" : "below"} and ${Math.abs(right)} to the ${right < 0 ? "left" : "right"} of the middle`}
        />
      </div>
      <div class="arrows" role="group" aria-label="Move by a pixel">
        {arrow("left", "←", 0, -1)}
        {arrow("up", "↑", -1, 0)}
        {arrow("down", "↓", 1, 0)}
        {arrow("right", "→", 0, 1)}
      </div>
      <div class="sliders">
        <Slider label="Right" field={shiftFields.right} value={right} onChange={(right) => set({ right })} />
        <Slider label="Down" field={shiftFields.down} value={down} onChange={(down) => set({ down })} />
      </div>
    </div>
  );
}

/** What the four filters found. */
function Maps(props: {
  readonly name: string;
  readonly maps: Float32Array;
  readonly side: number;
  readonly place: number;
}): JSX.Element {
  const { name, maps, side, place } = props;
  const { changed, all } = changedBy(maps, side, place);
  return (
    <div class="maps" role="group" aria-label={name}>
      <p class="caption">
        <b>{name}</b>, 4 maps of {side} × {side}
      </p>
      <div class="four">
        {strokes.map((stroke, filter) => {
          const values = mapAt(maps, side, place, filter);
          return (
            <div key={stroke}>
              <Picture
                raster={{ values, height: side, width: side, range: [0, BRIGHTEST], colours: "sequence" }}
                label={`${stroke} lines, up to ${shown(Math.max(...values))}`}
              />
              <p class="caption">{stroke}</p>
            </div>
          );
        })}
      </div>
      <p>
        <strong data-changed={changed}>{changed}</strong> of {all} numbers are not as in the middle
      </p>
    </div>
  );
}

/** What the net takes the shape for. */
function Scores({ state, answer }: { readonly state: ShiftState; readonly answer: ShapesAnswer }): JSX.Element {
  const shares = scoresAt(answer, placeOf(state));
  return (
    <div class="shift-scores">
      <p class="caption">Taken for</p>
      <dl class="bars">
        {shapeNames.map((name, i) => (
          <div key={name} class={name === state.shape ? "own" : ""}>
            <dt>{name}</dt>
            <dd style={{ "--share": shares[i]!.toFixed(3) }}>{percent(shares[i]!)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** The share of the right answer at every place. */
function Everywhere(props: {
  readonly name: string;
  readonly state: ShiftState;
  readonly answer: ShapesAnswer;
  readonly set: Props["set"];
}): JSX.Element {
  const { name, state, answer, set } = props;
  const right = rightAt(answer, state.shape);
  return (
    <div class="everywhere">
      <p class="caption">
        Share of “{state.shape}” for each place, <b>{name}</b>
      </p>
      <Picture
        raster={{
          values: ownScores(answer, state.shape),
          height: PLACES,
          width: PLACES,
          range: [0, 1],
          colours: "sequence",
        }}
        label={`${name}: right at ${right} of ${PLACES * PLACES} places`}
        frame={{ row: state.down + FAR, column: state.right + FAR, rows: 1, columns: 1 }}
        onPick={({ row, column }) => set({ down: row - FAR, right: column - FAR })}
      />
      <Legend range={[0, 1]} colours="sequence" />
      <p>
        Right at <strong data-right={right}>{right}</strong> of {PLACES * PLACES} places
      </p>
    </div>
  );
}
