import { shown } from "../../draw/shown.ts";
import { whole, type StateOf } from "../../fields.ts";
import { inkField, inkOn } from "../../draw/ink.ts";

/** What the panel's state is made of. */
export const foolFields = {
  /** What is covered of the drawing. */
  cover: inkField(),
  /** How far each pixel may be moved, in hundredths of the way from paper to ink. */
  epsilon: whole(10, 0, 50),
};
/** The panel's state. */
export type FoolState = StateOf<typeof foolFields>;

/** How much of each pixel is covered, from 0 to 1. */
export const coverOf = ({ cover }: FoolState): Float32Array => inkOn(cover);

/** The drawing with what is covered taken away. */
export const uncovered = (pixels: Float32Array, cover: Float32Array): Float32Array =>
  pixels.map((ink, i) => ink * (1 - cover[i]!));

/** How many pixels of ink are covered. */
export const inkCovered = (pixels: Float32Array, cover: Float32Array): number =>
  pixels.reduce((sum, ink, i) => sum + ink * cover[i]!, 0);

const largest = (shares: ArrayLike<number>): number =>
  Array.from(shares).reduce((best, share, i, all) => (share > all[best]! ? i : best), 0);

/** Whether the net has been fooled, in words. */
export function foolSentence(
  classes: readonly string[],
  { before, after }: { readonly before: ArrayLike<number>; readonly after: ArrayLike<number> },
  epsilon: number,
): string {
  const [was, is] = [largest(before), largest(after)];
  const by = `No pixel has moved further than ${shown(epsilon / 100)}`;
  if (epsilon === 0) return `Nothing has moved yet; the net reads a ${classes[was]}.`;
  return was === is
    ? `${by}, and the net still reads a ${classes[is]} (${shown(100 * after[is]!)} %).`
    : `${by}, you read what you read before, and the net reads a ${classes[is]} (${shown(100 * after[is]!)} %).`;
}

/** What covering has done, in words. */
export function coverSentence(
  classes: readonly string[],
  whole: ArrayLike<number>,
  now: ArrayLike<number>,
  covered: number,
): string {
  const [was, is] = [largest(whole), largest(now)];
  if (covered === 0) return `The net reads a ${classes[was]}. Which strokes does it need for that?`;
  const ink = `Ink of ${shown(covered)} pixels is covered`;
  return was === is
    ? `${ink}; the net still reads a ${classes[is]} (${shown(100 * now[is]!)} %, before ${shown(100 * whole[was]!)} %).`
    : `${ink}; now the net reads a ${classes[is]} (${shown(100 * now[is]!)} %).`;
}

/** The same as the lines of a program. */
export const codeOf = (label: number, epsilon: number): string =>
  [
    `const options = { labels: [${label}], epsilon: ${epsilon / 100} }; // one step along the sign of the gradient`,
    `const { values, before, after } = await adversarial(model, image, options);`,
  ].join("\n");
