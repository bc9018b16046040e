import { shown } from "../../draw/shown.ts";
import { whole, type StateOf } from "../../fields.ts";
import { inkField, inkOn } from "../../draw/ink.ts";
import { indexOfGreatest } from "../../numbers.ts";

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

/** Whether the net has been fooled, in words. */
export function foolSentence(
  classes: readonly string[],
  { before, after }: { readonly before: ArrayLike<number>; readonly after: ArrayLike<number> },
  epsilon: number,
): string {
  const [was, is] = [indexOfGreatest(before), indexOfGreatest(after)];
  const by = `No pixel has changed by more than ${shown(epsilon / 100)}`;
  if (epsilon === 0) return `Nothing has changed yet; the net reads a ${classes[was]}.`;
  return was === is
    ? `${by}, and the net still reads a ${classes[is]} (${shown(100 * after[is]!)} %).`
    : `${by}; you still read the same digit, but the net reads a ${classes[is]} (${shown(100 * after[is]!)} %).`;
}

/** The effect of covering, in words. */
export function coverSentence(
  classes: readonly string[],
  whole: ArrayLike<number>,
  now: ArrayLike<number>,
  covered: number,
): string {
  const [was, is] = [indexOfGreatest(whole), indexOfGreatest(now)];
  if (covered === 0) return `The net reads a ${classes[was]}. Which strokes does it need?`;
  const ink = `Ink of ${shown(covered)} pixels is covered`;
  return was === is
    ? `${ink}; the net still reads a ${classes[is]} (${shown(100 * now[is]!)} %, before ${shown(100 * whole[was]!)} %).`
    : `${ink}; now the net reads a ${classes[is]} (${shown(100 * now[is]!)} %).`;
}

/** The program that the panel shows. */
export const codeOf = (label: number, epsilon: number): string =>
  [
    `const options = { labels: [${label}], epsilon: ${epsilon / 100} }; // one step along the sign of the gradient`,
    `const { values, before, after } = await adversarial(model, image, options);`,
  ].join("\n");
