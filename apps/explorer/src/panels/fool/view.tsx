import { useComputed } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import type { FoolAnswer, FoolRequest } from "../../compute/fool.ts";
import type { TakeApartAnswer } from "../../compute/takeApart.ts";
import { Button } from "../../controls/Button.tsx";
import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Pad } from "../../controls/Pad.tsx";
import { inkText, NO_INK, SIDE, stroked } from "../../draw/ink.ts";
import { ink, Plate, signed } from "../../draw/Picture.tsx";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { Scores } from "../xray/Scores.tsx";
import { classOf } from "../xray/model.ts";
import { useDrawing } from "../xray/useDrawing.ts";
import { codeOf, coverOf, coverSentence, foolFields, foolSentence, inkCovered, uncovered } from "./model.ts";

type Props = PanelProps<typeof foolFields>;

/** Half the width of the brush, which is wider than the pen. */
const BRUSH = 1.6;

/** Covers parts of a drawing, and changes its pixels, until the net reads something else. */
export function FoolView(props: Props) {
  const { signal } = props;
  const drawing = useDrawing();
  const { apart } = drawing;
  const seen = apart.value.value;
  const left = useComputed(() => drawing.pixels.value && uncovered(drawing.pixels.value, coverOf(signal.value)));
  const label = useComputed(() => apart.value.value && classOf(apart.value.value));
  const fooled = useAnswer("fool", (): FoolRequest | undefined =>
    left.value && label.value !== undefined
      ? { net: drawing.net.value, pixels: left.value, label: label.value, epsilon: signal.value.epsilon / 100 }
      : undefined,
  ).value;
  const pixels = drawing.pixels.value;
  const known = pixels &&
    seen &&
    fooled.value &&
    left.value && { pixels, seen, answer: fooled.value, left: left.value };
  return (
    <>
      <Notice text={fooled.problem ?? apart.value.problem} />
      {known && <Cover {...props} {...known} />}
      {known && <Move {...props} {...known} />}
      <Code text={codeOf(label.value ?? 0, signal.value.epsilon)} />
    </>
  );
}

interface PartProps extends Props {
  readonly pixels: Float32Array;
  /** The pixels that are not covered. */
  readonly left: Float32Array;
  readonly seen: TakeApartAnswer;
  readonly answer: FoolAnswer;
}

/** The drawing, which the reader covers, and the answer of the net. */
function Cover({ signal, state, set, pixels, left, seen, answer }: PartProps) {
  const { classes } = seen.net;
  return (
    <>
      <h4>Cover it</h4>
      <div class="reading">
        <div class="drawing">
          <p class="caption">
            <b>The drawing</b>; wipe over the parts to cover.
          </p>
          <Pad
            label="The drawing, to be covered with a brush."
            pixels={left}
            side={SIDE}
            start={{ x: SIDE / 2, y: SIDE / 4 }}
            onStroke={(from, to, erases) =>
              set({ cover: inkText(stroked(coverOf(signal.peek()), from, to, erases, BRUSH)) })
            }
          />
          <div class="controls">
            <Button text="Uncover all" disabled={state.cover === NO_INK} onClick={() => set({ cover: NO_INK })} />
          </div>
        </div>
        <div>
          <p class="readout" role="status">
            {coverSentence(classes, seen.shares, answer.before, inkCovered(pixels, coverOf(state)))}
          </p>
          <Scores classes={classes} shares={answer.before} before={seen.shares} />
          <p class="caption">The thin lines are the shares with nothing covered.</p>
        </div>
      </div>
    </>
  );
}

/** The changed pixels, and the answer of the net. */
function Move(props: PartProps) {
  const { state, left, seen, answer, slider } = props;
  const { classes } = seen.net;
  return (
    <>
      <h4>Move it</h4>
      <div class="controls">{slider("epsilon", "Hundredths that a pixel may move")}</div>
      <div class="reading">
        <div class="pair">
          <Plate title="Input of the net" pixels={ink(answer.pixels)} label="The drawing with its pixels moved" />
          <Plate
            title="Change of each pixel"
            pixels={signed(
              answer.pixels.map((value, i) => value - left[i]!),
              0.5,
            )}
            label="How far each pixel was moved"
          />
        </div>
        <div>
          <p class="readout" role="status">
            {foolSentence(classes, answer, state.epsilon)}
          </p>
          <Scores classes={classes} shares={answer.after} before={answer.before} />
        </div>
      </div>
    </>
  );
}
