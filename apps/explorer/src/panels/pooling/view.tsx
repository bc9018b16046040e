import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import type { PoolingAnswer } from "../../compute/pooling.ts";
import { Check } from "../../controls/Check.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Matrix, type CellLook } from "../../controls/Matrix.tsx";
import { Player } from "../../controls/Player.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import {
  codeOf,
  edited,
  formulaOf,
  inputAt,
  lieOf,
  poolingFields,
  requestOf,
  seenBy,
  selected,
  stepOf,
  summaryOf,
  usersOf,
  type PoolingState,
  type Spot,
} from "./model.ts";

type Props = PanelProps<typeof poolingFields>;

const same = (a: Spot | undefined, b: Spot): boolean => a?.row === b.row && a.column === b.column;
const inWords = ({ row, column }: Spot): string => `row ${row + 1}, column ${column + 1}`;

/** A map, its windows, and what they leave of it; forward or backward. */
export function PoolingView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const request = useComputed(() => requestOf(signal.value));
  const answered = useAnswer("pooling", request);
  const pointed = useSignal<{ readonly kind: "input" | "output"; readonly at: Spot } | undefined>(undefined);

  const lie = lieOf(state);
  const answer = answerOf(state, answered.value);
  const output = pointed.value?.kind === "output" ? pointed.value.at : selected(state);
  const users = pointed.value?.kind === "input" ? usersOf(state, pointed.value.at) : [];
  const winner = output && answer?.winners?.[stepOf(state, output)];
  return (
    <>
      <Controls state={state} set={set} />
      {lie.positions === 0 && (
        <div class="notice" role="note">
          <p>{summaryOf(state)} A smaller window or a larger map makes room.</p>
        </div>
      )}
      <Player
        label="Slide the window"
        steps={lie.positions ** 2}
        step={output === undefined ? 0 : stepOf(state, selected(state)!)}
        onStep={(step) => set({ step })}
        describe={(step) => {
          const at = selected({ ...state, step });
          return at === undefined ? "no place" : inWords(at);
        }}
      />
      <div class="pool">
        <InputMap
          state={state}
          set={set}
          answer={answer}
          output={output}
          winner={winner}
          onPoint={(at) => (pointed.value = at && { kind: "input", at })}
        />
        <p class="step" aria-hidden="true">
          {state.direction === "forward" ? "→" : "←"}
        </p>
        {lie.positions > 0 && (
          <OutputMap
            state={state}
            set={set}
            answer={answer}
            output={output}
            users={users}
            onPoint={(at) => (pointed.value = at && { kind: "output", at })}
          />
        )}
        {output && answer && (
          <div class="said">
            <p class="caption">Output {inWords(output)}</p>
            <p class="formula">{formulaOf(state, output, answer.output[stepOf(state, output)]!)}</p>
            {winner !== undefined && (
              <p>
                The winner ★ stands at {inWords({ row: Math.floor(winner / state.size), column: winner % state.size })}
                {answer.gradient ? ", and takes all of the gradient." : "."}
              </p>
            )}
          </div>
        )}
      </div>
      <p class="readout" role="status">
        {pointed.value?.kind === "input"
          ? `This number has a part in ${users.length} of ${lie.positions ** 2} outputs.`
          : summaryOf(state)}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

interface MapProps extends Pick<Props, "set"> {
  readonly state: PoolingState;
  readonly answer: PoolingAnswer | undefined;
  readonly output: Spot | undefined;
  readonly onPoint: (at?: Spot) => void;
}

function InputMap(props: MapProps & { readonly winner: number | undefined }): JSX.Element {
  const { state, set, answer, output, winner, onPoint } = props;
  const { size, window, stride } = state;
  const { dropped } = lieOf(state);
  const seen = output ? seenBy(state, output) : [];
  const winners = new Set(answer?.winners);
  const gradients = answer?.gradient;
  const cell = (at: Spot): CellLook => {
    const index = at.row * size + at.column;
    const value = gradients ? gradients[index]! : inputAt(state, at);
    const marks = [
      gradients
        ? value < 0
          ? "negative"
          : value > 0
            ? "positive"
            : ""
        : value > 0
          ? "map"
          : value < 0
            ? "negative"
            : "",
      seen.some((each) => same(each, at)) && "seen",
      winners.has(index) && "winner",
      winner === index && "taken",
      (at.row >= size - dropped || at.column >= size - dropped) && "dropped",
    ];
    return {
      text: shown(value),
      label: `${gradients ? "gradient of input" : "input"}, ${inWords(at)}: ${shown(value)}${winners.has(index) ? ", winner" : ""}`,
      className: marks.filter((mark) => mark !== false).join(" "),
      share: Math.min(1, Math.abs(value) / (gradients ? 2 : 9)),
      isEditable: gradients === undefined,
    };
  };
  return (
    <div>
      <p class="caption">
        {gradients ? "gradient of " : ""}
        <b>x</b>, {size} × {size}
      </p>
      <Matrix
        label="Map before pooling"
        className={`roomy ${gradients ? "backward" : ""}`}
        rows={size}
        columns={size}
        cell={cell}
        frame={output && { row: output.row * stride, column: output.column * stride, rows: window, columns: window }}
        {...(gradients === undefined && { onEdit: (at, value) => set(edited(state, at, value)) })}
        onPoint={onPoint}
      />
    </div>
  );
}

function OutputMap(props: MapProps & { readonly users: readonly Spot[] }): JSX.Element {
  const { state, set, answer, output, users, onPoint } = props;
  const { positions } = lieOf(state);
  const cell = (at: Spot): CellLook => {
    const step = stepOf(state, at);
    if (answer === undefined) return { text: "…", label: `${inWords(at)}: being computed`, className: "" };
    const gradient = answer.gradient && (state.one && !same(selected(state), at) ? 0 : 1);
    const value = gradient ?? answer.output[step]!;
    const tint = gradient === undefined ? (value < 0 ? "negative" : "map") : "positive";
    return {
      text: shown(value),
      label: `${gradient === undefined ? "output" : "gradient of output"}, ${inWords(at)}: ${shown(value)}`,
      className: `${tint} ${users.some((user) => same(user, at)) ? "user" : ""}`,
      share: Math.min(1, Math.abs(value) / (gradient === undefined ? 9 : 2)),
    };
  };
  return (
    <div>
      <p class="caption">
        {answer?.gradient ? "gradient of " : ""}
        <b>y</b>, {positions} × {positions}
      </p>
      <Matrix
        label="Map after pooling"
        className={`roomy ${answer?.gradient ? "backward" : ""}`}
        rows={positions}
        columns={positions}
        cell={cell}
        frame={output && { ...output, rows: 1, columns: 1 }}
        onPick={(at) => set({ step: stepOf(state, at) })}
        onPoint={onPoint}
      />
    </div>
  );
}

function Controls({ state, set }: { readonly state: PoolingState } & Pick<Props, "set">): JSX.Element {
  const slider = (label: string, name: "size" | "window" | "stride"): JSX.Element => (
    <Slider
      label={label}
      field={poolingFields[name]}
      value={state[name]}
      onChange={(value) => set({ [name]: value })}
    />
  );
  return (
    <>
      <div class="controls">
        <Choice
          label="Keep"
          options={poolingFields.kind.options}
          value={state.kind}
          onChange={(kind) => set({ kind })}
          nameOf={(kind) => ({ max: "the largest", average: "the mean", L2: "L2" })[kind]}
        />
        {slider("Window", "window")}
        {slider("Stride", "stride")}
        {slider("Size of the map", "size")}
        <Choice
          label="Direction"
          options={poolingFields.direction.options}
          value={state.direction}
          onChange={(direction) => set({ direction })}
          nameOf={(direction) => (direction === "forward" ? "Forward" : "Backward")}
        />
      </div>
      {state.direction === "backward" && (
        <div>
          <p>
            Each number of x is now a gradient: how much the sum of the outputs grows when that number grows a little.
            Gradients have a dashed border.
          </p>
          <Check label="Only of the output that is looked at" value={state.one} onChange={(one) => set({ one })} />
        </div>
      )}
    </>
  );
}

/** What the worker said, only where it is of this state's shape and direction. */
function answerOf(
  state: PoolingState,
  answered: ReturnType<typeof useAnswer<"pooling">>["value"],
): PoolingAnswer | undefined {
  if (answered === undefined || answered.outcome.kind === "problem") return undefined;
  const { request, outcome } = answered;
  const isOfThis =
    request.inputShape[0] === state.size &&
    request.kernelSize === state.window &&
    request.stride === state.stride &&
    request.kind === state.kind &&
    (request.outputGradient !== undefined) === (state.direction === "backward");
  return isOfThis ? outcome.value : undefined;
}
