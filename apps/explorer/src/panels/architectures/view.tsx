import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import { Check } from "../../controls/Check.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Volumes } from "../../draw/Volumes.tsx";
import type { PanelProps } from "../../panel.ts";
import {
  architecturesFields,
  bytesInWords,
  codeOf,
  hasOptional,
  lettersOf,
  nameOf,
  presetNames,
  presets,
  remarkOf,
  requestOf,
  volumesOf,
  type ArchitecturesState,
} from "./model.ts";
import { Table } from "./Table.tsx";

type Props = PanelProps<typeof architecturesFields>;

const counted = (count: number): string => count.toLocaleString("en");

/** A net as text, with the volumes that it makes and what they cost. */
export function ArchitecturesView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const answered = useAnswer(
    "architecture",
    useComputed(() => requestOf(signal.value)),
  );
  const pointed = useSignal<number | undefined>(undefined);
  // What was last understood stays in sight while something is being typed.
  const last = useSignal<NonNullable<ReturnType<typeof answerOf>> | undefined>(undefined);
  const answer = answerOf(answered.value) ?? last.peek();
  if (answer !== undefined) last.value = answer;
  const outcome = answered.value?.outcome;
  const isStale = outcome?.kind === "problem";
  return (
    <>
      <Controls state={state} set={set} />
      {outcome?.kind === "problem" && (
        <div class="notice" role="alert">
          <pre tabIndex={0}>{outcome.text.replace("parsePattern: ", "")}</pre>
        </div>
      )}
      {answer && (
        <div class={isStale ? "stale" : ""}>
          <dl class="totals">
            <div>
              <dt>parameters</dt>
              <dd data-total="parameters">{counted(answer.parameters)}</dd>
            </div>
            <div>
              <dt>multiply-adds for one image</dt>
              <dd data-total="products">{counted(answer.multiplyAdds)}</dd>
            </div>
            <div>
              <dt>numbers in its volumes</dt>
              <dd>
                <span data-total="activations">{counted(answer.activations)}</span>,{" "}
                {bytesInWords(4 * answer.activations)}
              </dd>
            </div>
            <div>
              <dt>memory to answer</dt>
              <dd>{bytesInWords(answer.inference.total)}</dd>
            </div>
            <div>
              <dt>
                memory to learn from {state.batch} {state.batch === 1 ? "image" : "images"}
              </dt>
              <dd>{bytesInWords(answer.training.total)}</dd>
            </div>
          </dl>
          <div class="wide" tabIndex={0} role="group" aria-label="Volumes">
            <Volumes
              volumes={volumesOf(answer.rows)}
              scale={state.scale}
              label={`${answer.rows.length} volumes: ${answer.rows.map(({ name, shape }) => `${name} ${shape.join(" × ")}`).join(", ")}`}
              chosen={pointed.value}
              onPoint={(to) => (pointed.value = to)}
            />
          </div>
          <Choice
            label="Edges drawn"
            options={architecturesFields.scale.options}
            value={state.scale}
            onChange={(scale) => set({ scale })}
            nameOf={(scale) => (scale === "true" ? "as long as they are" : "as cube roots")}
          />
          <Table rows={answer.rows} pointed={pointed.value} onPoint={(to) => (pointed.value = to)} />
          <p class="readout" role="status">
            {isStale ? "The table is of the last pattern that was understood." : remarkOf(answer.rows)}
          </p>
        </div>
      )}
      <Code text={codeOf(state)} />
    </>
  );
}

function answerOf(answered: ReturnType<typeof useAnswer<"architecture">>["value"]) {
  return answered?.outcome.kind === "answer" ? answered.outcome.value : undefined;
}

function Controls({ state, set }: { readonly state: ArchitecturesState } & Pick<Props, "set">): JSX.Element {
  const slider = (label: string, name: "side" | "channels" | "N" | "M" | "K" | "batch"): JSX.Element => (
    <Slider
      key={name}
      label={label}
      field={architecturesFields[name]}
      value={state[name]}
      onChange={(value) => set({ [name]: value })}
    />
  );
  return (
    <>
      <Choice
        label="Net"
        options={presetNames}
        value={nameOf(state) ?? ("" as never)}
        onChange={(name) => set({ ...presets[name] })}
      />
      <label class="pattern">
        <span>Its pattern, to be changed</span>
        <textarea
          rows={Math.min(8, state.pattern.split("\n").length + 1)}
          spellcheck={false}
          autocapitalize="off"
          maxLength={1000}
          value={state.pattern}
          onInput={(event) => set({ pattern: event.currentTarget.value })}
        />
      </label>
      <div class="controls">
        {slider("Side of the image", "side")}
        {slider("Channels", "channels")}
        {lettersOf(state).map((letter) => slider(letter, letter))}
        {slider("Images at once", "batch")}
        {hasOptional(state) && (
          <Check label="With what has a ?" value={state.optional} onChange={(optional) => set({ optional })} />
        )}
      </div>
    </>
  );
}
