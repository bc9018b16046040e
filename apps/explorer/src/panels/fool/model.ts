import { shown } from "../../draw/shown.ts";
import { whole, type StateOf } from "../../fields.ts";
import { inkField, inkOn } from "../../draw/ink.ts";
import { greatestOf } from "../../numbers.ts";

/** Fields of the panel's state. */
export const foolFields = {
  /** The covered part of the drawing. */
  cover: inkField(),
  /** Largest change of a pixel, in hundredths of the way from paper to ink. */
  epsilon: whole(10, 0, 50),
};
type FoolState = StateOf<typeof foolFields>;

/** Covered share of each pixel, from 0 to 1. */
export const coverOf = ({ cover }: FoolState): Float32Array => inkOn(cover);

/** The drawing without its covered part. */
export const uncovered = (pixels: Float32Array, cover: Float32Array): Float32Array =>
  pixels.map((ink, i) => ink * (1 - cover[i]!));

/** Pixels of ink that are covered. */
export const inkCovered = (pixels: Float32Array, cover: Float32Array): number =>
  pixels.reduce((sum, ink, i) => sum + ink * cover[i]!, 0);

/** The class with the greatest share, and that share in words. */
function answerOf(classes: readonly string[], shares: ArrayLike<number>) {
  const { index, value } = greatestOf(shares);
  return { name: classes[index], share: `${shown(100 * value)} %` };
}

/** Whether the net has been fooled, in words. */
export function foolSentence(
  classes: readonly string[],
  { before, after }: { readonly before: ArrayLike<number>; readonly after: ArrayLike<number> },
  epsilon: number,
): string {
  const [was, is] = [answerOf(classes, before), answerOf(classes, after)];
  if (epsilon === 0) return `Nothing has changed yet; the net reads a ${was.name}.`;
  const result = was.name === is.name ? ", and the net still" : "; you still read the same digit, but the net";
  return `No pixel has changed by more than ${shown(epsilon / 100)}${result} reads a ${is.name} (${is.share}).`;
}

/** The effect of covering, in words. */
export function coverSentence(
  classes: readonly string[],
  whole: ArrayLike<number>,
  now: ArrayLike<number>,
  covered: number,
): string {
  const [was, is] = [answerOf(classes, whole), answerOf(classes, now)];
  if (covered === 0) return `The net reads a ${was.name}. Which strokes does it need?`;
  const ink = `Ink of ${shown(covered)} pixels is covered`;
  return was.name === is.name
    ? `${ink}; the net still reads a ${is.name} (${is.share}, before ${was.share}).`
    : `${ink}; now the net reads a ${is.name} (${is.share}).`;
}

/** The program that the panel shows. */
export const codeOf = (label: number, epsilon: number): string =>
  [
    `const options = { labels: [${label}], epsilon: ${epsilon / 100} }; // one step along the sign of the gradient`,
    `const { values, before, after } = await adversarial(model, image, options);`,
  ].join("\n");
