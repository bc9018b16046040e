import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import type { FoolRequest } from "../../compute/fool.ts";
import { Code } from "../../controls/Code.tsx";
import { Pad } from "../../controls/Pad.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { Picture, type Raster } from "../../draw/Picture.tsx";
import type { PanelProps } from "../../panel.ts";
import { inkText, NO_INK, SIDE, stroked } from "../../draw/ink.ts";
import { Scores } from "../xray/Scores.tsx";
import { classOf, useApart } from "../xray/useApart.ts";
import { useDrawing } from "../xray/useDrawing.ts";
import { codeOf, coverOf, coverSentence, foolFields, foolSentence, inkCovered, uncovered } from "./model.ts";

type Props = PanelProps<typeof foolFields>;

/** The brush is wider than the pen. */
const BRUSH = 1.6;

const image = (values: Float32Array): Raster => ({
  values,
  height: SIDE,
  width: SIDE,
  range: [0, 1],
  colours: "sequence",
});

/** Covers parts of a drawing, and moves its pixels, until the net reads something else. */
export function FoolView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const drawing = useDrawing();
  const apart = useApart(drawing);
  const seen = apart.value?.kind === "answer" ? apart.value.value : undefined;
  const cover = useComputed(() => coverOf(signal.value));
  const epsilon = useComputed(() => signal.value.epsilon);
  const left = useComputed(() => drawing.pixels.value && uncovered(drawing.pixels.value, cover.value));
  const label = useComputed(() => (apart.value?.kind === "answer" ? classOf(apart.value.value) : undefined));
  const fooled = useAnswer(
    "fool",
    useComputed((): FoolRequest | undefined =>
      left.value && label.value !== undefined
        ? { net: drawing.net.value, pixels: left.value, label: label.value, epsilon: epsilon.value / 100 }
        : undefined,
    ),
  );
  const outcome = fooled.value?.outcome;
  const answer = outcome?.kind === "answer" ? outcome.value : undefined;
  const pixels = drawing.pixels.value;
  const classes = seen?.net.classes ?? [];
  const moved = answer && left.value && answer.pixels.map((ink, i) => ink - (left.value?.[i] ?? 0));
  return (
    <>
      {[outcome, apart.value].map(
        (each, i) =>
          each?.kind === "problem" && (
            <div class="notice" role="alert" key={i}>
              <p>{each.text}</p>
            </div>
          ),
      )}
      {pixels && seen && answer && left.value && (
        <>
          <h4>Cover it</h4>
          <div class="reading">
            <div class="drawing">
              <p class="caption">
                <b>The drawing</b>; wipe over what the net is not to see.
              </p>
              <Pad
                label="The drawing, to be covered with a brush."
                pixels={left.value}
                side={SIDE}
                start={{ x: SIDE / 2, y: SIDE / 4 }}
                onStroke={(from, to, erases) =>
                  set({ cover: inkText(stroked(coverOf(signal.peek()), from, to, erases, BRUSH)) })
                }
              />
              <div class="controls">
                <button type="button" disabled={state.cover === NO_INK} onClick={() => set({ cover: NO_INK })}>
                  Uncover all
                </button>
              </div>
            </div>
            <div>
              <p class="readout" role="status">
                {coverSentence(classes, seen.shares, answer.before, inkCovered(pixels, cover.value))}
              </p>
              <Scores classes={classes} shares={answer.before} before={seen.shares} />
              <p class="caption">The thin line is where each was with nothing covered.</p>
            </div>
          </div>
          <h4>Move it</h4>
          <div class="controls">
            <Slider
              label="Hundredths that a pixel may move"
              field={foolFields.epsilon}
              value={state.epsilon}
              onChange={(to) => set({ epsilon: to })}
            />
          </div>
          <div class="reading">
            <div class="pair">
              <div>
                <p class="caption">
                  <b>What the net is given</b>
                </p>
                <Picture raster={image(answer.pixels)} label="The drawing with its pixels moved" />
              </div>
              <div>
                <p class="caption">
                  <b>What was added</b>
                </p>
                <Picture
                  raster={{
                    values: moved ?? new Float32Array(SIDE * SIDE),
                    height: SIDE,
                    width: SIDE,
                    range: [-0.5, 0.5],
                    colours: "signed",
                  }}
                  label="How far each pixel was moved"
                />
              </div>
            </div>
            <div>
              <p class="readout" role="status">
                {foolSentence(classes, answer, state.epsilon)}
              </p>
              <Scores classes={classes} shares={answer.after} before={answer.before} />
            </div>
          </div>
        </>
      )}
      <Code text={codeOf(label.value ?? 0, state.epsilon)} />
    </>
  );
}
