import { inWords, type Place } from "../../place.ts";
import { counted, shown } from "../../draw/shown.ts";
import { firstChannel, inputsOf, outputAt, outputsOf, tapsOf, termAt, type Cell, type Conv2dState } from "./model.ts";

// Entries of the layer's matrices in words, for readers who use the keyboard.

const entry = ({ row, column }: Place): string => `Row ${row + 1}, column ${column + 1}`;
const outputInWords = (at: Cell): string => `output map ${at.channel + 1}, ${inWords(at)}`;
const inputInWords = (at: Cell): string => `input slice ${at.channel + 1}, ${inWords(at)}`;

/** "weight of filter 1, slice 2, row 3, column 1: −1", with the slices of the input. */
const weightInWords = (state: Conv2dState, filter: number, tap: Cell, value: number): string =>
  `weight of filter ${filter + 1}, slice ${firstChannel(state, filter) + tap.channel + 1}, ${inWords(tap)}: ${shown(value)}`;

/** A weight among the filters as rows. */
export const filterEntry = (state: Conv2dState, at: Place, value: number): string =>
  `${entry(at)}: ${weightInWords(state, at.row, tapsOf(state).cellAt(at.column), value)}.`;

/** An input of a window, its product with the weight of the selected filter, and the output. */
export function windowEntry(state: Conv2dState, at: Place, filter: number): string {
  const output = outputAt(state, at.column, filter);
  const { at: input, tap, value, weight, isPadding } = termAt(state, output, tapsOf(state).cellAt(at.row));
  const seen = isPadding ? "padding: 0" : `${inputInWords(input)}: ${shown(value)}`;
  return `${entry(at)}: ${seen}; times ${weightInWords(state, filter, tap, weight)}; for ${outputInWords(output)}.`;
}

/** An output among the maps as rows. */
export const mapEntry = (state: Conv2dState, at: Place, value: number): string =>
  `${entry(at)}: ${outputInWords(outputAt(state, at.column, at.row))}: ${shown(value)} before the bias.`;

/** An entry of the one matrix: a copy of the weight at `index` (−1 for a zero), which is in `copies` rows. */
export function toeplitzEntry(state: Conv2dState, at: Place, index: number, value: number, copies: number): string {
  const ends = `${inputInWords(inputsOf(state).cellAt(at.column))}; ${outputInWords(outputsOf(state).cellAt(at.row))}`;
  if (index < 0) return `${entry(at)}: 0, no weight. This output does not depend on that input: ${ends}.`;
  const weight = weightInWords(
    state,
    index % state.filters,
    tapsOf(state).cellAt(Math.floor(index / state.filters)),
    value,
  );
  return `${entry(at)}: ${weight}, which is in ${counted(copies, "row")}. It multiplies ${ends}.`;
}
