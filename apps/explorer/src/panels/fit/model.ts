import { windowFit, type WindowFit } from "@convlens/analysis";
import { shown } from "../../draw/shown.ts";
import { whole, type StateOf } from "../../fields.ts";

/** What the panel's state is made of. */
export const fitFields = {
  W: whole(10, 1, 256),
  F: whole(3, 1, 16),
  S: whole(2, 1, 8),
  P: whole(0, 0, 8),
};
/** The panel's state. */
export type FitState = StateOf<typeof fitFields>;
/** One of the four numbers. */
export type FitName = keyof FitState;

/** What each number is. */
export const fitNames: Readonly<Record<FitName, string>> = { W: "input", F: "window", S: "stride", P: "padding" };

/** One change of one number after which everything fits. */
export interface FitFix {
  readonly text: string;
  readonly change: Partial<FitState>;
}

/** How the window fits. */
export const fitOf = ({ W, F, S, P }: FitState): WindowFit => windowFit({ input: W, window: F, stride: S, padding: P });

/** Where each window begins, counted from the first cell of the padding. */
export const begins = (state: FitState): number[] => Array.from({ length: fitOf(state).output }, (_, i) => i * state.S);

/** A cell of the line: of the input or of its padding, and how many windows see it. */
export interface LineCell {
  readonly isPadding: boolean;
  readonly isDropped: boolean;
  readonly seen: number;
}

/** All cells of the line. */
export function cellsOf(state: FitState): LineCell[] {
  const { W, F, P } = state;
  const starts = begins(state);
  const { dropped } = fitOf(state);
  const length = W + 2 * P;
  return Array.from({ length }, (_, at) => ({
    isPadding: at < P || at >= P + W,
    isDropped: starts.length > 0 && at >= length - dropped,
    seen: starts.filter((start) => at >= start && at < start + F).length,
  }));
}

/** The formula with its numbers: `(10 − 3 + 2 · 0) / 2 + 1 = 4.5`. */
export const formulaOf = ({ W, F, S, P }: FitState): string =>
  `(${W} − ${F} + 2 · ${P}) / ${S} + 1 = ${shown((W - F + 2 * P) / S + 1)}`;

/** Up to two values of each number that make it fit, the nearest first. */
export function fixesOf(state: FitState): FitFix[] {
  if (fitOf(state).fits) return [];
  return (Object.keys(fitFields) as FitName[]).flatMap((name) => {
    const { least, most } = fitFields[name];
    return Array.from({ length: most - least + 1 }, (_, i) => least + i)
      .filter((value) => value !== state[name] && fitOf({ ...state, [name]: value }).fits)
      .sort((a, b) => Math.abs(a - state[name]) - Math.abs(b - state[name]))
      .slice(0, 2)
      .map((value) => ({ text: `${name} = ${value}`, change: { [name]: value } }));
  });
}

/** Why, where it does not fit. */
export function whyNot(state: FitState): string | undefined {
  const { W, F, S, P } = state;
  const { fits, output, dropped } = fitOf(state);
  if (fits) return undefined;
  if (output === 0) return `The window has ${F} cells and the line ${W + 2 * P}: there is no place to put it.`;
  const left = `${dropped} ${dropped === 1 ? "cell is" : "cells are"} left over at the end, and no window ever sees ${dropped === 1 ? "it" : "them"}.`;
  const isHopeless = S % 2 === 0 && (W - F) % 2 !== 0;
  return isHopeless
    ? `${left} No padding mends it: it comes in twos, as it is on both sides, and ${W} − ${F} is odd while the stride is even.`
    : left;
}

/** The same as the lines of a program. */
export const codeOf = ({ W, F, S, P }: FitState): string =>
  `windowFit({ input: ${W}, window: ${F}, stride: ${S}, padding: ${P} }); // { positions, output, dropped, fits, why }`;
