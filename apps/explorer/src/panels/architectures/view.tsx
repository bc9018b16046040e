import { drawVolumes } from "@convlens/analysis/render";
import { useSignal } from "@preact/signals";
import type { ArchitectureAnswer } from "../../compute/architecture.ts";
import { useAnswer } from "../../compute/compute.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Drawing } from "../../draw/Drawing.tsx";
import { counted, grouped } from "../../draw/shown.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
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
} from "./model.ts";
import { Table } from "./Table.tsx";

type Props = PanelProps<typeof architecturesFields>;

/** A net as text, with its volumes and their cost. */
export function ArchitecturesView(props: Props) {
  const { signal, state, choice } = props;
  const { value, problem } = useAnswer("architecture", () => requestOf(signal.value)).value;
  const pointed = useSignal<number | undefined>(undefined);
  const onPoint = (to: number | undefined): void => void (pointed.value = to);
  // The last valid pattern stays visible while the reader types.
  const last = useSignal<ArchitectureAnswer | undefined>(undefined);
  const answer = value ?? last.peek();
  if (answer !== undefined) last.value = answer;
  const isStale = problem !== undefined;
  return (
    <>
      <Controls {...props} />
      {problem !== undefined && (
        <div class="notice" role="alert">
          <pre tabIndex={0}>{problem.replace("parsePattern: ", "")}</pre>
        </div>
      )}
      {answer && (
        <div class={isStale ? "stale" : ""}>
          <Totals answer={answer} batch={state.batch} />
          <Drawing
            class="volumes"
            draw={(width) =>
              drawVolumes({ rows: answer.rows, memory: answer.activations }, { width, scale: state.scale })
            }
            decorate={({ "data-volume": volume }) =>
              volume === undefined
                ? undefined
                : {
                    class: volume === pointed.value ? "chosen" : "",
                    onPointerEnter: () => onPoint(Number(volume)),
                    onPointerLeave: () => onPoint(undefined),
                  }
            }
          />
          {choice("scale", "Edges drawn", { true: "to scale", root: "as cube roots" })}
          <Table rows={answer.rows} pointed={pointed.value} onPoint={onPoint} />
          <p class="readout" role="status">
            {isStale ? "The table shows the last valid pattern." : remarkOf(answer.rows)}
          </p>
        </div>
      )}
      <Code text={codeOf(state)} />
    </>
  );
}

function Totals({ answer, batch }: { readonly answer: ArchitectureAnswer; readonly batch: number }) {
  const totals: readonly { name: string; text: string; id?: string; more?: string }[] = [
    { name: "parameters", text: grouped(answer.parameters), id: "parameters" },
    { name: "multiply-adds for one image", text: grouped(answer.multiplyAdds), id: "products" },
    {
      ...{ name: "numbers in its volumes", text: grouped(answer.activations), id: "activations" },
      more: `, ${bytesInWords(4 * answer.activations)}`,
    },
    { name: "memory for inference", text: bytesInWords(answer.inference.total) },
    { name: `memory for training on ${counted(batch, "image")}`, text: bytesInWords(answer.training.total) },
  ];
  return (
    <dl class="totals">
      {totals.map(({ name, text, id, more }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span data-total={id}>{text}</span>
            {more}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Controls(props: Props) {
  const { state, set, slider, check } = props;
  return (
    <>
      <Choice
        label="Net"
        options={presetNames}
        value={nameOf(state) ?? ("" as never)}
        onChange={(name) => set({ ...presets[name] })}
      />
      <label class="pattern">
        <span>Its pattern, which you can change</span>
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
        {slider("side", "Side of the image")}
        {slider("channels", "Channels")}
        {lettersOf(state).map((letter) => slider(letter, letter))}
        {slider("batch", "Images in a batch")}
        {hasOptional(state) && check("optional", "With the parts marked by ?")}
      </div>
    </>
  );
}
