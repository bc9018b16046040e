import { windowFit, type WindowFit } from "@convlens/analysis";
import { counted, shown } from "../../draw/shown.ts";
import { nearest, whole, type StateOf } from "../../fields.ts";

/** Fields of the panel's state. */
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

/** Names of the numbers. */
export const fitNames: Readonly<Record<FitName, string>> = { W: "input", F: "window", S: "stride", P: "padding" };

/** A change of one number after which the windows fit. */
interface FitFix {
  readonly text: string;
  readonly change: Partial<FitState>;
}

/** How the window fits. */
export const fitOf = ({ W, F, S, P }: FitState): WindowFit => windowFit({ input: W, window: F, stride: S, padding: P });

/** First cell of each window, counted from the first cell of the padding. */
export const begins = (state: FitState): number[] => Array.from({ length: fitOf(state).output }, (_, i) => i * state.S);

/** A cell of the line, of the input or its padding, and the number of windows that contain it. */
interface LineCell {
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

/** Up to two values of each number with which the windows fit, the nearest first. */
export function fixesOf(state: FitState): FitFix[] {
  if (fitOf(state).fits) return [];
  return (Object.keys(fitFields) as FitName[]).flatMap((name) =>
    nearest(fitFields[name], state[name], (value) => fitOf({ ...state, [name]: value }).fits)
      .slice(0, 2)
      .map((value) => ({ text: `${name} = ${value}`, change: { [name]: value } })),
  );
}

/** Why the windows do not fit; `undefined` if they do. */
export function whyNot(state: FitState): string | undefined {
  const { W, F, S, P } = state;
  const { fits, output, dropped } = fitOf(state);
  if (fits) return undefined;
  if (output === 0) return `The window has ${F} cells, but the line has only ${W + 2 * P}, so it fits nowhere.`;
  const left = `${counted(dropped, "cell is", "cells are")} left over at the end and never used.`;
  const isHopeless = S % 2 === 0 && (W - F) % 2 !== 0;
  return isHopeless
    ? `${left} No padding fixes that: padding adds an even number of cells, but ${W} − ${F} is odd and the stride is even.`
    : left;
}

/** The program that the panel shows. */
export const codeOf = ({ W, F, S, P }: FitState): string =>
  `windowFit({ input: ${W}, window: ${F}, stride: ${S}, padding: ${P} }); // { positions, output, dropped, fits, why }`;
