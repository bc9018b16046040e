import { useComputed, type ReadonlySignal } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import type { ExplainRequest, MethodInfo } from "../../compute/explanation.ts";
import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { SIDE } from "../../draw/ink.ts";
import { ink, Picture, signed } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import { largestSize } from "../../numbers.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { classOf, titleOf } from "../xray/model.ts";
import { useDrawing } from "../xray/useDrawing.ts";
import { codeOf, forgottenSentence, judgement, targetOf, whyFields } from "./model.ts";

/** The request to all methods. */
type Question = Omit<ExplainRequest, "method">;

/** Explanations of the net's answer by all methods side by side, and whether they depend on what the net has learned. */
export function WhyView(props: PanelProps<typeof whyFields>) {
  const { signal, state, slider, choice } = props;
  const drawing = useDrawing();
  const { apart } = drawing;
  const seen = apart.value.value;
  const target = useComputed(() => {
    const now = apart.value.value;
    return now && targetOf(signal.value, now.net.classes, classOf(now));
  });
  const question = useComputed((): Question | undefined => {
    const pixels = drawing.pixels.value;
    return pixels && target.value !== undefined
      ? { net: drawing.net.value, pixels, target: target.value, forgotten: signal.value.forgotten }
      : undefined;
  });
  const methods = useAnswer("explanationMethods", () => "all").value.value;
  const trained = seen?.layers.filter(({ type }) => type === "Conv2d" || type === "Dense").map(titleOf) ?? [];
  const pixels = drawing.pixels.value;
  return (
    <>
      <div class="controls">
        {choice("target", "Why, or why not")}
        {slider("forgotten", "Layers with shuffled weights", {
          ...{ value: Math.min(state.forgotten, trained.length), most: trained.length },
        })}
      </div>
      <Notice text={apart.value.problem} />
      <p class="readout" role="status">
        {seen && target.value !== undefined && `Why a ${seen.net.classes[target.value]}? `}
        {forgottenSentence(state.forgotten, trained)}
      </p>
      <div class="gallery">
        {pixels && (
          <figure>
            <figcaption>
              <b>The drawing</b>
              <span>The input of all methods.</span>
            </figcaption>
            <Picture pixels={ink(pixels)} label="The drawing" />
            <p class="likeness" />
          </figure>
        )}
        {methods?.map((method) => (
          <Method key={method.name} method={method} question={question} />
        ))}
      </div>
      <p class="counts">
        Each map has its own scale. Orange pixels are evidence for the class, violet ones against it.
      </p>
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
}) {
  const { request, value, problem } = useAnswer(
    "explain",
    () => question.value && { ...question.value, method: name },
  ).value;
  const values = value?.values ?? new Float32Array(SIDE * SIDE);
  return (
    <figure data-method={name}>
      <figcaption>
        <b>{title}</b>
        <span>{problem ?? summary}</span>
      </figcaption>
      <Picture
        pixels={signed(values, largestSize(values, 1e-9))}
        label={`${title}: a map whose largest number is ${shown(largestSize(values, 1e-9))}`}
      />
      <p class="likeness">
        {value && (
          <>
            similarity <strong>{shown(value.similarity)}</strong> {judgement(value.similarity, request?.forgotten ?? 0)}
          </>
        )}
      </p>
    </figure>
  );
}
