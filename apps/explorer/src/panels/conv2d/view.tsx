import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { grouped, shown } from "../../draw/shown.ts";
import { useAnswer } from "../../compute/compute.ts";
import { Check } from "../../controls/Check.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Player } from "../../controls/Player.tsx";
import { Slider } from "../../controls/Slider.tsx";
import type { PanelProps } from "../../panel.ts";
import { Matrices, matrixNames } from "./Matrices.tsx";
import { Biases, Filter, InputSlice, OutputMap, type Numbers, type Pointed } from "./grids.tsx";
import {
  codeOf,
  conv2dFields,
  countsOf,
  depthOf,
  fitOf,
  groupsOf,
  requestOf,
  selected,
  stepOf,
  stepsOf,
  usedGroups,
  usersOf,
  type Cell,
  type Conv2dState,
} from "./model.ts";
import { Sum } from "./Sum.tsx";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** "map 1, row 2, column 3" */
const inWords = ({ channel, row, column }: Cell): string => `map ${channel + 1}, row ${row + 1}, column ${column + 1}`;

/** The layer at work: input, filters and output side by side, forward or backward. */
export function Conv2dView({ state: signal, set }: PanelProps<typeof conv2dFields>): JSX.Element {
  const state = signal.value;
  const request = useComputed(() => requestOf(signal.value));
  const answered = useAnswer("convolution", request);
  const pointed = useSignal<Pointed | undefined>(undefined);
  const slice = useSignal(0);

  const fit = fitOf(state);
  const numbers = numbersOf(state, answered.value);
  const output = pointed.value?.kind === "output" ? pointed.value.at : selected(state);
  const users = pointed.value?.kind === "input" ? usersOf(state, pointed.value.at) : [];
  const shared = {
    state,
    set,
    numbers,
    output,
    users,
    pointed: pointed.value,
    onPoint: (to?: Pointed) => (pointed.value = to),
  };
  const shownSlice = Math.min(slice.value, state.channels - 1);
  const visible = (channel: number): string => (channel === shownSlice ? "shown" : "other");

  return (
    <>
      <Controls state={state} set={set} />
      {fit.problem !== undefined && (
        <div class="notice" role="note">
          <p>{fit.problem}</p>
          <div class="fixes">
            <span>One change that mends it:</span>
            {fit.fixes.map(({ text, change }) => (
              <button type="button" key={text} onClick={() => set(change)}>
                {text}
              </button>
            ))}
          </div>
        </div>
      )}
      <Player
        label="Slide the filters"
        steps={stepsOf(state)}
        step={output === undefined ? 0 : stepOf(state, selected(state)!)}
        onStep={(step) => set({ step })}
        describe={(step) => {
          const at = selected({ ...state, step });
          return at === undefined ? "no place" : inWords(at);
        }}
      />
      <div class="slices">
        <Choice
          label="Slice in sight"
          options={upTo(state.channels)}
          value={shownSlice}
          onChange={(to) => (slice.value = to)}
          nameOf={(channel) => String(channel + 1)}
        />
      </div>
      <div class="wide">
        <div
          class="layer"
          style={{
            "--slice": `calc(${state.size + 2 * state.padding} * var(--cell) + 26px)`,
            "--slices": state.channels,
          }}
        >
          <div class="group">
            <h4>
              Input {state.size} × {state.size} × {state.channels}
            </h4>
            <div class="aligned stack">
              {upTo(state.channels).map((channel) => (
                <div key={channel} data-slice={visible(channel)} style={{ "--at": channel + 1 }}>
                  <InputSlice {...shared} channel={channel} />
                </div>
              ))}
            </div>
          </div>
          <div class="group">
            <h4>
              {state.filters} {state.filters === 1 ? "filter" : "filters"} {state.window} × {state.window} ×{" "}
              {depthOf(state)}
            </h4>
            <div class="filters">
              {upTo(state.filters).map((filter) => (
                <div class="aligned stack" key={filter}>
                  <Filter {...shared} filter={filter} visible={visible} />
                  <Biases {...shared} filter={filter} />
                </div>
              ))}
            </div>
          </div>
          {output && numbers.output !== undefined && state.direction === "forward" && (
            <div class="group products">
              <h4>
                Output {inWords(output)} = {shown(numbers.output(output))}
              </h4>
              <Sum state={state} output={output} computed={numbers.output(output)} onPoint={shared.onPoint} />
            </div>
          )}
          <div class="group">
            <h4>
              Output {fit.positions} × {fit.positions} × {state.filters}
            </h4>
            {fit.positions > 0 &&
              upTo(state.filters).map((filter) => <OutputMap key={filter} {...shared} filter={filter} />)}
          </div>
        </div>
      </div>
      <Choice
        label="The same as a product of matrices"
        options={conv2dFields.matrix.options}
        value={state.matrix}
        onChange={(matrix) => set({ matrix })}
        nameOf={(matrix) => matrixNames[matrix]}
      />
      {state.matrix !== "none" && output && (
        <Matrices state={signal} set={set} output={output} pointed={pointed.value} onPoint={shared.onPoint} />
      )}
      <p class="readout" role="status">
        {readout(state, output, users, pointed.value)}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** The sentence under the figure. */
function readout(
  state: Conv2dState,
  output: Cell | undefined,
  users: readonly Cell[],
  pointed: Pointed | undefined,
): string {
  const { parameters, products } = countsOf(state);
  const counts = `${parameters} parameters, ${grouped(products)} multiply-adds for the whole output.`;
  if (pointed?.kind === "input")
    return `This input has a part in ${users.length} of ${stepsOf(state)} outputs${users.length > 0 ? ", and gets its gradient from them" : ", so it learns nothing and says nothing"}. ${counts}`;
  return output === undefined ? counts : `Looking at ${inWords(output)}. ${counts}`;
}

function Controls({
  state,
  set,
}: {
  readonly state: Conv2dState;
  readonly set: PanelProps<typeof conv2dFields>["set"];
}): JSX.Element {
  const slider = (
    label: string,
    name: "size" | "channels" | "filters" | "window" | "stride" | "padding" | "dilation",
  ): JSX.Element => (
    <Slider label={label} field={conv2dFields[name]} value={state[name]} onChange={(value) => set({ [name]: value })} />
  );
  return (
    <>
      <div class="controls">
        {slider("Stride", "stride")}
        {slider("Padding", "padding")}
        {slider("Filter size", "window")}
        <Choice
          label="Direction"
          options={conv2dFields.direction.options}
          value={state.direction}
          onChange={(direction) => set({ direction })}
          nameOf={(direction) => (direction === "forward" ? "Forward" : "Backward")}
        />
      </div>
      <details class="more">
        <summary>More: volume, number of filters, dilation, groups</summary>
        <div class="controls">
          {slider("Input size", "size")}
          {slider("Channels", "channels")}
          {slider("Filters", "filters")}
          {slider("Dilation", "dilation")}
          <Choice
            label="Groups"
            options={groupsOf(state)}
            value={usedGroups(state)}
            onChange={(groups) => set({ groups })}
          />
        </div>
      </details>
      {state.direction === "backward" && (
        <div>
          <p>
            Each number is now a gradient: how much the sum of the outputs grows when that number grows by 1. Gradients
            have a dashed border.
          </p>
          <Check label="Only of the output that is looked at" value={state.one} onChange={(one) => set({ one })} />
        </div>
      )}
    </>
  );
}

/** What the worker said, as functions of a place; only where it is of these shapes. */
function numbersOf(state: Conv2dState, answered: ReturnType<typeof useAnswer<"convolution">>["value"]): Numbers {
  const request = requestOf(state);
  if (answered === undefined || answered.outcome.kind === "problem" || request === undefined) return {};
  const isOfThese =
    answered.request.inputShape.join() === request.inputShape.join() &&
    answered.request.filterShape.join() === request.filterShape.join();
  const { output, outputShape, gradients } = answered.outcome.value;
  const { positions } = fitOf(state);
  if (!isOfThese || outputShape[0] !== positions) return {};
  const { channels, window, filters } = state;
  const depth = depthOf(state);
  return {
    output: ({ channel, row, column }) => output[(row * positions + column) * filters + channel]!,
    ...(gradients !== undefined &&
      state.direction === "backward" && {
        gradients: {
          input: ({ channel, row, column }) => gradients.input[(row * state.size + column) * channels + channel]!,
          weight: (filter, { channel, row, column }) =>
            gradients.filters[((row * window + column) * depth + channel) * filters + filter]!,
          bias: (filter) => gradients.bias[filter]!,
          output: ({ channel, row, column }) =>
            answered.request.outputGradient?.[(row * positions + column) * filters + channel] ?? 0,
        },
      }),
  };
}
