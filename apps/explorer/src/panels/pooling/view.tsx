import { useSignal } from "@preact/signals";
import { useAnswer, type Answered } from "../../compute/compute.ts";
import type { PoolingAnswer } from "../../compute/pooling.ts";
import { Code } from "../../controls/Code.tsx";
import { Grid, lookOf } from "../../controls/Grid.tsx";
import type { CellLook } from "../../controls/Matrix.tsx";
import { inWords, type Place } from "../../place.ts";
import { Notice } from "../../controls/Notice.tsx";
import { Player } from "../../controls/Player.tsx";
import type { PanelProps } from "../../controls/panelProps.tsx";
import {
  codeOf,
  edited,
  formulaOf,
  inputAt,
  poolingFields,
  positionsOf,
  requestOf,
  seenBy,
  selected,
  stepOf,
  summaryOf,
  usersOf,
  type PoolingState,
} from "./model.ts";

type Props = PanelProps<typeof poolingFields>;

const same = (a: Place | undefined, b: Place): boolean => a?.row === b.row && a.column === b.column;

/** A map, its windows and the pooled map, forward or backward. */
export function PoolingView(props: Props) {
  const { signal, state, set } = props;
  const answered = useAnswer("pooling", () => requestOf(signal.value)).value;
  const pointed = useSignal<{ readonly kind: "input" | "output"; readonly at: Place } | undefined>(undefined);
  const { positions } = positionsOf(state);
  const answer = answerOf(state, answered);
  const output = pointed.value?.kind === "output" ? pointed.value.at : selected(state);
  const users = pointed.value?.kind === "input" ? usersOf(state, pointed.value.at) : [];
  const shared = { state, set, answer, output };
  return (
    <>
      <Controls {...props} />
      <Notice text={answered.problem} />
      {positions === 0 && (
        <Notice role="note" text={`${summaryOf(state)} Make the window smaller or the map larger.`} />
      )}
      <Player
        label="Slide the window"
        steps={positions ** 2}
        step={state.step}
        onStep={(step) => set({ step })}
        describe={(step) => {
          const at = selected({ ...state, step });
          return at === undefined ? "no position" : inWords(at);
        }}
      />
      <div class="pool">
        <InputMap {...shared} onPoint={(at) => (pointed.value = at && { kind: "input", at })} />
        <p class="step" aria-hidden="true">
          {state.direction === "forward" ? "→" : "←"}
        </p>
        {positions > 0 && (
          <OutputMap {...shared} users={users} onPoint={(at) => (pointed.value = at && { kind: "output", at })} />
        )}
        <Formula {...shared} />
      </div>
      <p class="readout" role="status">
        {pointed.value?.kind === "input"
          ? `This number is in the windows of ${users.length} of ${positions ** 2} outputs.`
          : summaryOf(state)}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** The formula of one output, and its winner. */
function Formula({ state, answer, output }: Pick<MapProps, "state" | "answer" | "output">) {
  const step = output && stepOf(state, output);
  const computed = step === undefined ? undefined : answer?.output[step];
  if (answer === undefined || output === undefined || step === undefined || computed === undefined) return null;
  const winner = answer.winners?.[step];
  return (
    <div class="said">
      <p class="caption">Output {inWords(output)}</p>
      <p class="formula">{formulaOf(state, output, computed)}</p>
      {winner !== undefined && (
        <p>
          The largest number ★ is at {inWords({ row: Math.floor(winner / state.size), column: winner % state.size })}
          {answer.gradient ? " and gets the whole gradient." : "."}
        </p>
      )}
    </div>
  );
}

interface MapProps extends Pick<Props, "set"> {
  readonly state: PoolingState;
  readonly answer: PoolingAnswer | undefined;
  readonly output: Place | undefined;
  readonly onPoint: (at?: Place) => void;
}

/** Values at which the colours of numbers and of gradients are strongest. */
const [MOST, MOST_GRADIENT] = [9, 2];

function InputMap({ state, set, answer, output, onPoint }: MapProps) {
  const { size, window, stride } = state;
  const { dropped } = positionsOf(state);
  const seen = output ? seenBy(state, output) : [];
  const winners = new Set(answer?.winners);
  const winner = output && answer?.winners?.[stepOf(state, output)];
  const gradient = answer?.gradient;
  const cell = (at: Place): CellLook => {
    const index = at.row * size + at.column;
    const look = lookOf(`input, ${inWords(at)}`, inputAt(state, at), MOST, gradient?.[index], MOST_GRADIENT);
    const marks = [
      !gradient && look.className === "positive" ? "map" : look.className,
      seen.some((each) => same(each, at)) && "seen",
      winners.has(index) && "winner",
      winner === index && "taken",
      (at.row >= size - dropped || at.column >= size - dropped) && "dropped",
    ];
    return {
      ...look,
      label: `${look.label}${winners.has(index) ? ", winner" : ""}`,
      className: marks.filter((mark) => mark !== false).join(" "),
    };
  };
  return (
    <Grid
      lead={gradient && "gradient of "}
      title="x"
      caption={`, ${size} × ${size}`}
      label="Map before pooling"
      className="roomy"
      isGradient={gradient !== undefined}
      rows={size}
      columns={size}
      cell={cell}
      frame={output && { row: output.row * stride, column: output.column * stride, rows: window, columns: window }}
      onEdit={(at, value) => set(edited(state, at, value))}
      onPoint={onPoint}
    />
  );
}

function OutputMap(props: MapProps & { readonly users: readonly Place[] }) {
  const { state, set, answer, output, users, onPoint } = props;
  const { positions } = positionsOf(state);
  const isGradient = answer?.gradient !== undefined;
  const cell = (at: Place): CellLook => {
    const value = answer?.output[stepOf(state, at)];
    if (value === undefined) return { text: "…", label: `${inWords(at)}: being computed`, className: "" };
    const gradient = isGradient ? Number(!state.one || same(selected(state), at)) : undefined;
    const look = lookOf(`output, ${inWords(at)}`, value, MOST, gradient, MOST_GRADIENT);
    const tint = !isGradient && look.className !== "negative" ? "map" : look.className;
    return { ...look, className: `${tint} ${users.some((user) => same(user, at)) ? "user" : ""}` };
  };
  return (
    <Grid
      lead={isGradient ? "gradient of " : ""}
      title="y"
      caption={`, ${positions} × ${positions}`}
      label="Map after pooling"
      className="roomy"
      isGradient={isGradient}
      rows={positions}
      columns={positions}
      cell={cell}
      frame={output && { ...output, rows: 1, columns: 1 }}
      onPick={(at) => set({ step: stepOf(state, at) })}
      onPoint={onPoint}
    />
  );
}

function Controls(props: Props) {
  const { state, slider, choice, check } = props;
  return (
    <>
      <div class="controls">
        {choice("kind", "Keep", { max: "the largest", average: "the mean", L2: "L2" })}
        {slider("window", "Window")}
        {slider("stride", "Stride")}
        {slider("size", "Size of the map")}
        {choice("direction", "Direction", { forward: "Forward", backward: "Backward" })}
      </div>
      {state.direction === "backward" && (
        <div>
          <p>
            The numbers of x are now gradients: how much the sum of the outputs grows when that number grows a little.
            They have a dashed border.
          </p>
          {check("one", "Only of the selected output")}
        </div>
      )}
    </>
  );
}

/** The answer of the worker, if it is of this state's shape and direction. */
function answerOf(state: PoolingState, { request, value }: Answered<"pooling">): PoolingAnswer | undefined {
  const isOfThis =
    request?.inputShape[0] === state.size &&
    request.kernelSize === state.window &&
    request.stride === state.stride &&
    request.kind === state.kind &&
    (request.outputGradient !== undefined) === (state.direction === "backward");
  return isOfThis ? value : undefined;
}
