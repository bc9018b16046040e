import { useSignal } from "@preact/signals";
import { Code } from "../../controls/Code.tsx";
import { More } from "../../controls/More.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { counted, grouped } from "../../draw/shown.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { Diagram, Inside } from "./Diagram.tsx";
import {
  census,
  codeOf,
  copiesFields,
  countsOf,
  edgesOf,
  levelsOf,
  lookedAt,
  parametersOf,
  reachOf,
  type Counts,
  type Edge,
  type Level,
  type Unit,
} from "./model.ts";

type Props = PanelProps<typeof copiesFields>;

const inWords = ({ weights, biases }: Counts): string =>
  `${counted(weights, "weight")} and ${counted(biases, "bias", "biases")}`;
const total = ({ weights, biases }: Counts): string => grouped(weights + biases);

/** The net as copies of one neuron. */
export function CopiesView(props: Props) {
  const { state, set } = props;
  const pointed = useSignal<Unit | undefined>(undefined);
  const weight = useSignal<string | undefined>(undefined);
  const levels = levelsOf(state);
  const edges = edgesOf(state);
  const first = levels[1]!;
  const missing = state.layers.split(" ").filter((name) => !levels.some((level) => level.name === name));
  const looked = pointed.value ?? lookedAt(state);
  const weights = [...new Set(edges.flatMap((edge) => (edge.weight?.startsWith("A ") ? [edge.weight] : [])))];
  const shownWeight = weights.includes(weight.value ?? "") ? weight.value : undefined;
  const reach = looked ? reachOf(state, looked) : [];
  const tying = state.untied ? "each copy has its own weights" : "all copies of a letter have the same weights";
  return (
    <>
      <Controls {...props} />
      {missing.length > 0 && (
        <Notice
          role="note"
          text={`${missing.join(" and ")} ${missing.length === 1 ? "does" : "do"} not fit: the layer below is smaller than the window. Use more inputs, a smaller window or a smaller stride.`}
        />
      )}
      <Diagram
        {...{ levels, edges, looked, reach, weight: shownWeight, untied: state.untied }}
        title={`${census(state)}; ${tying}`}
        onPoint={(to) => (pointed.value = to)}
        onPick={(to) => to.name === "A" && set({ copy: to.row * first.width + to.column + 1 })}
      />
      {first.name === "A" && (
        <Weights
          {...props}
          {...{ edges, weights, first }}
          weight={shownWeight}
          onWeight={(to) => (weight.value = to)}
        />
      )}
      <p class="count">
        <strong data-count={parametersOf(state, state.untied).weights}>
          {inWords(parametersOf(state, state.untied))}
        </strong>{" "}
        in the layers below F{state.untied ? "" : `; untied, there would be ${inWords(parametersOf(state, true))}`}.
      </p>
      <p class="readout" role="status">
        {census(state)}.{" "}
        {looked && looked.level > 0
          ? `This ${looked.name} depends on ${reach.length} of ${levels[0]!.width * levels[0]!.height} inputs.`
          : ""}
      </p>
      {first.name === "A" && (state.features > 1 || state.inner > 0) && (
        <div>
          <p class="caption">
            Inside each A: {counted(state.features, "neuron")} with the same inputs, each with its own weights
            {state.inner > 0 ? `, and ${state.inner} more that read those` : ""}
          </p>
          <Inside inputs={first.window!.width * first.window!.height} neurons={state.features} inner={state.inner} />
        </div>
      )}
      <p class="counts">
        The same for photographs: the first layer of AlexNet has 96 neurons at 55 × 55 places, each with 363 inputs.
        With shared weights it has <strong>{total(countsOf(55 * 55, 363, 96, false))}</strong> parameters, untied{" "}
        <strong>{total(countsOf(55 * 55, 363, 96, true))}</strong>.
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

function Controls(props: Props) {
  const { state, slider, choice, check } = props;
  const isLine = state.dimensions === "1";
  return (
    <>
      <div class="controls">
        {choice("dimensions", "Inputs in", { 1: "a line", 2: "a grid" })}
        {slider("inputs", "Inputs")}
        {slider("window", "Window", { most: isLine ? copiesFields.window.most : 2 })}
        {choice("layers", "Layers", { A: "A", "A B": "A, then B", "A max B": "A, max, then B" })}
        {check("untied", "Untie the weights")}
      </div>
      <More title="More: stride, rows, neurons in A">
        {slider("stride", "Stride")}
        {!isLine && slider("rows", "Rows")}
        {slider("features", "Neurons in each A")}
        {slider("inner", "Neurons behind those, in A")}
      </More>
    </>
  );
}

/** Most weights that have a button. */
const MOST_WEIGHTS = 36;

/** Buttons that highlight a weight, and the selected copy. */
function Weights(
  props: Props & {
    readonly edges: readonly Edge[];
    readonly weights: readonly string[];
    readonly first: Level;
    readonly weight: string | undefined;
    readonly onWeight: (weight: string | undefined) => void;
  },
) {
  const { edges, weights, first, weight, onWeight, state, slider } = props;
  const copies = first.width * first.height;
  return (
    <div class="bar">
      <div class="weights" role="group" aria-label="Weights of A">
        {weights.slice(0, MOST_WEIGHTS).map((each, i) => {
          const own = edges.filter((edge) => edge.weight === each);
          return (
            <button
              type="button"
              key={each}
              class={`weight tap${own[0]!.tap % 4}`}
              aria-pressed={weight === each}
              title={`at ${counted(own.length, "place")}`}
              onClick={() => onWeight(weight === each ? undefined : each)}
            >
              w{i + 1} <small>× {own.length}</small>
            </button>
          );
        })}
        {weights.length > MOST_WEIGHTS && <span>and {weights.length - MOST_WEIGHTS} more</span>}
      </div>
      {slider("copy", "Selected copy", { most: copies, value: Math.min(state.copy, copies) })}
    </div>
  );
}
