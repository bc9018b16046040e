import { useComputed, useSignal, type ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import type { ExplainRequest, MethodInfo } from "../../compute/explanation.ts";
import { Code } from "../../controls/Code.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Picture } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import { SIDE } from "../../draw/ink.ts";
import { titleOf } from "../xray/model.ts";
import { classOf, useApart } from "../xray/useApart.ts";
import { useDrawing } from "../xray/useDrawing.ts";
import { codeOf, forgottenSentence, judgement, targetOf, whyFields } from "./model.ts";

type Props = PanelProps<typeof whyFields>;
/** What all methods are asked. */
type Question = Omit<ExplainRequest, "method">;

/** Why the net answers as it does, by all methods side by side; and whether they would notice if it had learned nothing. */
export function WhyView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const drawing = useDrawing();
  const apart = useApart(drawing);
  const seen = apart.value?.kind === "answer" ? apart.value.value : undefined;
  // Told apart by what it is, so that a drawing that did not change is not explained anew.
  const target = useComputed(() =>
    apart.value?.kind === "answer"
      ? targetOf(signal.value, apart.value.value.net.classes, classOf(apart.value.value))
      : undefined,
  );
  const forgotten = useComputed(() => signal.value.forgotten);
  const question = useComputed((): Question | undefined => {
    const pixels = drawing.pixels.value;
    return pixels && target.value !== undefined
      ? { net: drawing.net.value, pixels, target: target.value, forgotten: forgotten.value }
      : undefined;
  });
  const methods = useAnswer("explanationMethods", useSignal<"all">("all")).value?.outcome;
  const learners = seen?.layers.filter(({ type }) => type === "Conv2d" || type === "Dense").map(titleOf) ?? [];
  const pixels = drawing.pixels.value;
  return (
    <>
      <div class="controls">
        <Choice
          label="Why, or why not"
          options={whyFields.target.options}
          value={state.target}
          onChange={(to) => set({ target: to })}
        />
        <Slider
          label="Layers that have forgotten"
          field={whyFields.forgotten}
          value={Math.min(state.forgotten, learners.length)}
          most={learners.length}
          onChange={(to) => set({ forgotten: to })}
        />
      </div>
      {apart.value?.kind === "problem" && (
        <div class="notice" role="alert">
          <p>{apart.value.text}</p>
        </div>
      )}
      <p class="readout" role="status">
        {seen && target.value !== undefined && `Why a ${seen.net.classes[target.value]}? `}
        {forgottenSentence(state.forgotten, learners)}
      </p>
      <div class="gallery">
        {pixels && (
          <figure>
            <figcaption>
              <b>The drawing</b>
              <span>What all of them explain.</span>
            </figcaption>
            <Picture
              raster={{ values: pixels, height: SIDE, width: SIDE, range: [0, 1], colours: "sequence" }}
              label="The drawing"
            />
            <p class="likeness" />
          </figure>
        )}
        {methods?.kind === "answer" &&
          methods.value.map((method) => <Method key={method.name} method={method} question={question} />)}
      </div>
      <p class="counts">Each map has its own scale: orange speaks for the class, violet against it.</p>
      <Code text={codeOf(target.value ?? 0)} />
    </>
  );
}

/** The map of one method. */
function Method({
  method: { name, title, summary },
  question,
}: {
  readonly method: MethodInfo;
  readonly question: ReadonlySignal<Question | undefined>;
}): JSX.Element {
  const answered = useAnswer(
    "explain",
    useComputed(() => question.value && { ...question.value, method: name }),
  );
  const outcome = answered.value?.outcome;
  const values = outcome?.kind === "answer" ? outcome.value.values : new Float32Array(SIDE * SIDE);
  const similarity = outcome?.kind === "answer" ? outcome.value.similarity : Number.NaN;
  const limit = Math.max(
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    1e-9,
  );
  const forgotten = answered.value?.request.forgotten ?? 0;
  return (
    <figure data-method={name}>
      <figcaption>
        <b>{title}</b>
        <span>{outcome?.kind === "problem" ? outcome.text : summary}</span>
      </figcaption>
      <Picture
        raster={{ values, height: SIDE, width: SIDE, range: [-limit, limit], colours: "signed" }}
        label={`${title}: a map whose largest number is ${shown(limit)}`}
      />
      <p class="likeness">
        {outcome?.kind === "answer" && (
          <>
            alike <strong>{shown(similarity)}</strong> {judgement(similarity, forgotten)}
          </>
        )}
      </p>
    </figure>
  );
}
