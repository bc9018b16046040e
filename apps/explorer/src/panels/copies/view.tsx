import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Check } from "../../controls/Check.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { grouped } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import { Diagram } from "./Diagram.tsx";
import { Inside } from "./Inside.tsx";
import { layoutOf } from "./layout.ts";
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
  type CopiesState,
  type Counts,
  type Unit,
} from "./model.ts";

const layersInWords: Readonly<Record<CopiesState["layers"], string>> = {
  A: "A",
  "A B": "A, then B",
  "A max B": "A, max, then B",
};

const counted = ({ weights, biases }: Counts): string =>
  `${grouped(weights)} ${weights === 1 ? "weight" : "weights"} and ${grouped(biases)} ${biases === 1 ? "bias" : "biases"}`;

/** The net as many copies of one neuron. */
export function CopiesView({ state: signal, set }: PanelProps<typeof copiesFields>): JSX.Element {
  const state = signal.value;
  const pointed = useSignal<Unit | undefined>(undefined);
  const weight = useSignal<string | undefined>(undefined);
  const levels = levelsOf(state);
  const hasA = levels[1]!.name === "A";
  const missing = state.layers.split(" ").filter((name) => !levels.some((level) => level.name === name));
  const looked = pointed.value ?? lookedAt(state);
  const edges = edgesOf(state);
  const weights = [...new Set(edges.flatMap((edge) => (edge.weight?.startsWith("A ") ? [edge.weight] : [])))];
  const shownWeight = weights.includes(weight.value ?? "") ? weight.value : undefined;
  const copies = hasA ? levels[1]!.width * levels[1]!.height : 0;
  return (
    <>
      <div class="controls">
        <Choice
          label="Inputs in"
          options={copiesFields.dimensions.options}
          value={state.dimensions}
          onChange={(dimensions) => set({ dimensions })}
          nameOf={(d) => (d === "1" ? "a line" : "a grid")}
        />
        <Slider
          label="Inputs"
          field={copiesFields.inputs}
          value={state.inputs}
          onChange={(inputs) => set({ inputs })}
        />
        <Slider
          label="Window"
          field={copiesFields.window}
          value={state.window}
          onChange={(window) => set({ window })}
          most={state.dimensions === "1" ? copiesFields.window.most : 2}
        />
        <Choice
          label="Layers"
          options={copiesFields.layers.options}
          value={state.layers}
          onChange={(layers) => set({ layers })}
          nameOf={(layers) => layersInWords[layers]}
        />
        <Check label="Untie the weights" value={state.untied} onChange={(untied) => set({ untied })} />
      </div>
      <details class="more">
        <summary>More: stride, rows, neurons in A</summary>
        <div class="controls">
          <Slider
            label="Stride"
            field={copiesFields.stride}
            value={state.stride}
            onChange={(stride) => set({ stride })}
          />
          {state.dimensions === "2" && (
            <Slider label="Rows" field={copiesFields.rows} value={state.rows} onChange={(rows) => set({ rows })} />
          )}
          <Slider
            label="Neurons in each A"
            field={copiesFields.features}
            value={state.features}
            onChange={(features) => set({ features })}
          />
          <Slider
            label="Neurons behind those, in A"
            field={copiesFields.inner}
            value={state.inner}
            onChange={(inner) => set({ inner })}
          />
        </div>
      </details>
      {missing.length > 0 && (
        <div class="notice" role="note">
          <p>
            {missing.join(" and ")} found no place: what is below is smaller than the window. More inputs, a smaller
            window or a smaller stride make room.
          </p>
        </div>
      )}
      <div class="wide" tabIndex={0} role="group" aria-label="Diagram">
        <Diagram
          layout={layoutOf(state)}
          label={`${census(state)}; ${state.untied ? "every copy has weights of its own" : "all copies of a letter have the same weights"}`}
          looked={looked}
          reach={looked ? reachOf(state, looked) : []}
          weight={shownWeight}
          untied={state.untied}
          onPoint={(to) => (pointed.value = to)}
          onPick={(to) => to.name === "A" && set({ copy: to.row * levels[1]!.width + to.column + 1 })}
        />
      </div>
      {hasA && (
        <div class="bar">
          <div class="weights" role="group" aria-label="Weights of A">
            {weights.slice(0, 36).map((each, i) => {
              const own = edges.filter((edge) => edge.weight === each);
              return (
                <button
                  type="button"
                  key={each}
                  class={`weight tap${own[0]!.tap % 4}`}
                  aria-pressed={shownWeight === each}
                  title={`in ${own.length} ${own.length === 1 ? "place" : "places"}`}
                  onClick={() => (weight.value = shownWeight === each ? undefined : each)}
                >
                  w{i + 1} <small>× {own.length}</small>
                </button>
              );
            })}
            {weights.length > 36 && <span>and {weights.length - 36} more</span>}
          </div>
          <Slider
            label="Look at copy"
            field={copiesFields.copy}
            most={copies}
            value={Math.min(state.copy, copies)}
            onChange={(copy) => set({ copy })}
          />
        </div>
      )}
      <p class="count">
        <strong data-count={parametersOf(state, state.untied).weights}>
          {counted(parametersOf(state, state.untied))}
        </strong>{" "}
        to learn below F{state.untied ? "" : `; untied it would be ${counted(parametersOf(state, true))}`}.
      </p>
      <p class="readout" role="status">
        {census(state)}.{" "}
        {looked && looked.level > 0
          ? `This ${looked.name} depends on ${reachOf(state, looked).length} of ${levels[0]!.width * levels[0]!.height} inputs.`
          : ""}
      </p>
      {hasA && (state.features > 1 || state.inner > 0) && (
        <div>
          <p class="caption">
            Inside each A: {state.features} {state.features === 1 ? "neuron sees" : "neurons see the same"} inputs, each
            with its own weights{state.inner > 0 ? `, and ${state.inner} more see those` : ""}
          </p>
          <Inside
            inputs={levels[1]!.window!.width * levels[1]!.window!.height}
            neurons={state.features}
            inner={state.inner}
          />
        </div>
      )}
      <p class="counts">
        The same for a photo: the first layer of AlexNet has 96 neurons at 55 × 55 places, each seeing 363 numbers.
        Shared, that makes <strong>{total(countsOf(55 * 55, 363, 96, false))}</strong> parameters, untied{" "}
        <strong>{total(countsOf(55 * 55, 363, 96, true))}</strong>.
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

const total = ({ weights, biases }: Counts): string => grouped(weights + biases);
