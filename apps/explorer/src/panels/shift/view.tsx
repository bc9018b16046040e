import { useRef } from "preact/hooks";
import { useAnswer } from "../../compute/compute.ts";
import type { ShapesAnswer } from "../../compute/shapes.ts";
import { Button } from "../../controls/Button.tsx";
import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { ink, Picture, Plate } from "../../draw/Picture.tsx";
import { drawShape, FAR, shapeNames, SIDE, strokes } from "../../draw/shapes.ts";
import { percent, shown } from "../../draw/shown.ts";
import { clamp, greatestOf } from "../../numbers.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
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

type Props = PanelProps<typeof shiftFields>;

/** The largest activation: that of a full line of three pixels. */
const BRIGHTEST = 6;

/** A shape that can be moved, the maps before and after pooling, and the class that the net assigns. */
export function ShiftView(props: Props) {
  const { signal, state, set, choice } = props;
  // Answers contain all places, so moving the shape needs no new one.
  const pooled = useAnswer("shapes", () => requestOf(signal.value, Number(signal.value.block))).value;
  const plain = useAnswer("shapes", () => requestOf({ shape: signal.value.shape, kind: "max" }, 1)).value;
  const [answer, without] = [pooled.value, plain.value];
  const place = placeOf(state);
  return (
    <>
      <div class="controls">
        {choice("shape", "Shape")}
        {choice("block", "Blocks", { 1: "no pooling", 2: "2 × 2", 4: "4 × 4", 8: "8 × 8" })}
        {choice("kind", "Keep", { max: "the largest", average: "the mean", L2: "L2" })}
      </div>
      <Notice text={pooled.problem ?? plain.problem} />
      <div class="shift">
        <Movable {...props} />
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

function sentence(state: ShiftState, answer: ShapesAnswer): string {
  const place = placeOf(state);
  const best = greatestOf(scoresAt(answer, place));
  const before = changedBy(answer.before, SIDE, place);
  const after = changedBy(answer.after, answer.pooled, place);
  const verdict = `Classified as a ${shapeNames[best.index]} (${percent(best.value, 0)}).`;
  if (state.down === 0 && state.right === 0) return `The ${state.shape} is in the middle. ${verdict}`;
  return `Compared with the middle, ${before.changed} of ${before.all} numbers changed before pooling, and ${after.changed} of ${after.all} after it. ${verdict}`;
}

/** Moves the shape by dragging, as handlers. */
function useDrag({ down, right }: ShiftState, move: (down: number, right: number) => void) {
  interface Start {
    readonly x: number;
    readonly y: number;
    readonly down: number;
    readonly right: number;
  }
  const from = useRef<Start | undefined>(undefined);
  type Event = PointerEvent & { readonly currentTarget: HTMLElement };
  const end = (): void => void (from.current = undefined);
  return {
    onPointerDown: (event: Event) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = { x: event.clientX, y: event.clientY, down, right };
    },
    onPointerMove: (event: Event) => {
      const start = from.current;
      if (start === undefined) return;
      const pixel = event.currentTarget.getBoundingClientRect().width / SIDE;
      const moved = (now: number, before: number): number => Math.round((now - before) / pixel);
      move(start.down + moved(event.clientY, start.y), start.right + moved(event.clientX, start.x));
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}

const arrows = [
  { name: "left", sign: "←", dy: 0, dx: -1 },
  { name: "up", sign: "↑", dy: -1, dx: 0 },
  { name: "down", sign: "↓", dy: 1, dx: 0 },
  { name: "right", sign: "→", dy: 0, dx: 1 },
] as const;

/** The image, whose shape is moved by pointer, buttons or sliders. */
function Movable(props: Props) {
  const { state, slider } = props;
  const { down, right, shape } = state;
  const within = (value: number): number => clamp(value, -FAR, FAR);
  const move = (down: number, right: number): void => props.set({ down: within(down), right: within(right) });
  const drag = useDrag(state, move);
  const where = `${Math.abs(down)} ${down < 0 ? "above" : "below"} and ${Math.abs(right)} to the ${right < 0 ? "left" : "right"} of the middle`;
  return (
    <div class="movable">
      <p class="caption">
        <b>Image</b>, drag the shape
      </p>
      <div class="drag" {...drag}>
        <Picture pixels={ink(drawShape(shape, down, right))} label={`A ${shape}, ${where}`} />
      </div>
      <div class="arrows" role="group" aria-label="Move by a pixel">
        {arrows.map(({ name, sign, dy, dx }) => (
          <Button
            text={sign}
            key={name}
            class={name}
            aria-label={`One pixel ${name}`}
            disabled={within(down + dy) !== down + dy || within(right + dx) !== right + dx}
            onClick={() => move(down + dy, right + dx)}
          />
        ))}
      </div>
      <div class="sliders">
        {slider("right", "Right")}
        {slider("down", "Down")}
      </div>
    </div>
  );
}

/** The maps of the four filters. */
function Maps(props: {
  readonly name: string;
  readonly maps: Float32Array;
  readonly side: number;
  readonly place: number;
}) {
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
                pixels={{ values, range: [0, BRIGHTEST], map: "sequential" }}
                label={`${stroke} lines, up to ${shown(Math.max(...values))}`}
              />
              <p class="caption">{stroke}</p>
            </div>
          );
        })}
      </div>
      <p>
        <strong data-changed={changed}>{changed}</strong> of {all} numbers differ from the middle
      </p>
    </div>
  );
}

/** The share of each class. */
function Scores({ state, answer }: { readonly state: ShiftState; readonly answer: ShapesAnswer }) {
  const shares = scoresAt(answer, placeOf(state));
  return (
    <div class="shift-scores">
      <p class="caption">Classified as</p>
      <dl class="bars">
        {Array.from(shares, (share, i) => (
          <div key={i} class={shapeNames[i] === state.shape ? "own" : ""}>
            <dt>{shapeNames[i]}</dt>
            <dd style={{ "--share": share.toFixed(3) }}>{percent(share, 0)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** The share of the right class at every place. */
function Everywhere(props: {
  readonly name: string;
  readonly state: ShiftState;
  readonly answer: ShapesAnswer;
  readonly set: Props["set"];
}) {
  const { name, state, answer, set } = props;
  const right = rightAt(answer, state.shape);
  return (
    <div class="everywhere">
      <Plate
        lead={`Share of “${state.shape}” for each place, `}
        title={name}
        pixels={ink(ownScores(answer, state.shape))}
        label={`${name}: right at ${right} of ${PLACES * PLACES} places`}
        frame={{ row: state.down + FAR, column: state.right + FAR, rows: 1, columns: 1 }}
        onPick={({ row, column }) => set({ down: row - FAR, right: column - FAR })}
        hasLegend
      >
        <p>
          Right at <strong data-right={right}>{right}</strong> of {PLACES * PLACES} places
        </p>
      </Plate>
    </div>
  );
}
