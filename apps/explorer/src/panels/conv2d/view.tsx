import { useSignal } from "@preact/signals";
import { useAnswer, type Answered } from "../../compute/compute.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { inWords as placeInWords } from "../../place.ts";
import { More } from "../../controls/More.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Player } from "../../controls/Player.tsx";
import { counted, grouped, shown } from "../../draw/shown.ts";
import { upTo } from "../../numbers.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { Biases, Filter, InputSlice, OutputMap, type LayerProps, type Numbers, type Pointed } from "./grids.tsx";
import { Matrices } from "./Matrices.tsx";
import {
  codeOf,
  conv2dFields,
  countsOf,
  depthOf,
  fitOf,
  groupsOf,
  inputsOf,
  outputsOf,
  requestOf,
  selected,
  stepsOf,
  tapsOf,
  usedGroups,
  usersOf,
  type Cell,
  type Conv2dState,
} from "./model.ts";
import { Sum } from "./Sum.tsx";

type Props = PanelProps<typeof conv2dFields>;

/** "map 1, row 2, column 3" */
const inWords = (at: Cell): string => `map ${at.channel + 1}, ${placeInWords(at)}`;

/** A convolution layer: input, filters and output side by side, forward or backward. */
export function Conv2dView(props: Props) {
  const { signal, state, set, choice } = props;
  const answered = useAnswer("convolution", () => requestOf(signal.value)).value;
  const pointed = useSignal<Pointed | undefined>(undefined);
  const fit = fitOf(state);
  const output = pointed.value?.kind === "output" ? pointed.value.at : selected(state);
  const users = pointed.value?.kind === "input" ? usersOf(state, pointed.value.at) : [];
  const shared = {
    ...{ state, set, output, users, numbers: numbersOf(state, answered), pointed: pointed.value },
    onPoint: (to?: Pointed) => void (pointed.value = to),
  };
  return (
    <>
      <Controls {...props} />
      <Notice text={answered.problem} />
      <Notice
        role="note"
        text={fit.problem}
        lead="One change fixes it:"
        fixes={fit.fixes.map(({ text, change }) => ({ text, onClick: () => set(change) }))}
      />
      <Player
        label="Slide the filters"
        steps={stepsOf(state)}
        step={state.step}
        onStep={(step) => set({ step })}
        describe={(step) => {
          const at = selected({ ...state, step });
          return at === undefined ? "no position" : inWords(at);
        }}
      />
      <Layer {...shared} positions={fit.positions} />
      {choice("matrix", "The same as a product of matrices", {
        ...{ none: "none", im2col: "windows as columns", Toeplitz: "one matrix" },
      })}
      {state.matrix !== "none" && output && <Matrices {...props} {...shared} output={output} />}
      <p class="readout" role="status">
        {readout(state, output, users, pointed.value)}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** Input, filters, products and output. On narrow pages one slice of the input is visible at a time. */
function Layer(props: LayerProps & { readonly positions: number }) {
  const { state, numbers, output, positions } = props;
  const { size, channels, filters, window, padding } = state;
  const slice = useSignal(0);
  const shownSlice = Math.min(slice.value, channels - 1);
  const visible = (channel: number): string => (channel === shownSlice ? "shown" : "other");
  const side = `calc(${size + 2 * padding} * var(--cell) + 26px)`;
  return (
    <>
      <div class="slices">
        <Choice
          label="Visible slice"
          options={upTo(channels)}
          value={shownSlice}
          onChange={(to) => (slice.value = to)}
          nameOf={(channel) => String(channel + 1)}
        />
      </div>
      <div class="wide">
        <div class="layer" style={{ "--slice": side, "--slices": channels }}>
          <div class="group">
            <h4>
              Input {size} × {size} × {channels}
            </h4>
            <div class="aligned stack">
              {upTo(channels).map((channel) => (
                <div key={channel} data-slice={visible(channel)} style={{ "--at": channel + 1 }}>
                  <InputSlice {...props} channel={channel} />
                </div>
              ))}
            </div>
          </div>
          <div class="group">
            <h4>
              {counted(filters, "filter")} {window} × {window} × {depthOf(state)}
            </h4>
            <div class="filters">
              {upTo(filters).map((filter) => (
                <div class="aligned stack" key={filter}>
                  <Filter {...props} filter={filter} visible={visible} />
                  <Biases {...props} filter={filter} />
                </div>
              ))}
            </div>
          </div>
          {output && numbers.output !== undefined && state.direction === "forward" && (
            <div class="group products">
              <h4>
                Output {inWords(output)} = {shown(numbers.output(output))}
              </h4>
              <Sum state={state} output={output} computed={numbers.output(output)} onPoint={props.onPoint} />
            </div>
          )}
          <div class="group">
            <h4>
              Output {positions} × {positions} × {filters}
            </h4>
            {positions > 0 && upTo(filters).map((filter) => <OutputMap key={filter} {...props} filter={filter} />)}
          </div>
        </div>
      </div>
    </>
  );
}

/** The sentence below the figure. */
function readout(
  state: Conv2dState,
  output: Cell | undefined,
  users: readonly Cell[],
  pointed: Pointed | undefined,
): string {
  const { parameters, products } = countsOf(state);
  const counts = `${parameters} parameters, ${grouped(products)} multiply-adds for the whole output.`;
  if (pointed?.kind === "input") {
    const gradient = users.length > 0 ? "its gradient is the sum over these" : "its gradient is 0";
    return `This input contributes to ${users.length} of ${stepsOf(state)} outputs; ${gradient}. ${counts}`;
  }
  return output === undefined ? counts : `Selected: ${inWords(output)}. ${counts}`;
}

function Controls(props: Props) {
  const { state, slider, choice, check } = props;
  return (
    <>
      <div class="controls">
        {slider("stride", "Stride")}
        {slider("padding", "Padding")}
        {slider("window", "Filter size")}
        {choice("direction", "Direction", { forward: "Forward", backward: "Backward" })}
      </div>
      <More title="More: volume, number of filters, dilation, groups">
        {slider("size", "Input size")}
        {slider("channels", "Channels")}
        {slider("filters", "Filters")}
        {slider("dilation", "Dilation")}
        <Choice
          label="Groups"
          options={groupsOf(state)}
          value={usedGroups(state)}
          onChange={(groups) => props.set({ groups })}
        />
      </More>
      {state.direction === "backward" && (
        <div>
          <p>
            Each number is now a gradient: how much the sum of the outputs grows when that number grows by 1. Gradients
            have a dashed border.
          </p>
          {check("one", "Only of the selected output")}
        </div>
      )}
    </>
  );
}

/** The answer of the worker as functions of a place; empty if it is of another shape. */
function numbersOf(state: Conv2dState, { request: asked, value }: Answered<"convolution">): Numbers {
  const request = requestOf(state);
  if (asked === undefined || value === undefined || request === undefined) return {};
  const isOfThese =
    asked.inputShape.join() === request.inputShape.join() && asked.filterShape.join() === request.filterShape.join();
  const { output, gradients } = value;
  const [inputs, taps, outputs] = [inputsOf(state), tapsOf(state), outputsOf(state)];
  if (!isOfThese || output.length !== outputs.size) return {};
  return {
    output: (at) => output[outputs.indexOf(at)]!,
    ...(gradients !== undefined &&
      state.direction === "backward" && {
        gradients: {
          input: (at) => gradients.input[inputs.indexOf(at)]!,
          weight: (filter, tap) => gradients.filters[taps.indexOf(tap) * state.filters + filter]!,
          bias: (filter) => gradients.bias[filter]!,
          output: (at) => asked.outputGradient?.[outputs.indexOf(at)] ?? 0,
        },
      }),
  };
}
