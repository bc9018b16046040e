import { counted, shown } from "../../draw/shown.ts";
import { firstChannel, type Cell, type Conv2dState } from "./model.ts";
import type { Place } from "../../controls/Matrix.tsx";
import { inputOfColumn, outputAt, outputOfRow, termAt, weightOfIndex } from "./places.ts";

// Entries of the layer's matrices in words, for readers who use the keyboard.

const entry = ({ row, column }: Place): string => `Row ${row + 1}, column ${column + 1}`;
const place = ({ row, column }: Cell): string => `row ${row + 1}, column ${column + 1}`;
const outputInWords = (at: Cell): string => `output map ${at.channel + 1}, ${place(at)}`;

/** "weight of filter 1, slice 2, row 3, column 1: −1", with the slices of the input. */
const weightInWords = (state: Conv2dState, filter: number, tap: Cell, value: number): string =>
  `weight of filter ${filter + 1}, slice ${firstChannel(state, filter) + tap.channel + 1}, ${place(tap)}: ${shown(value)}`;

/** A weight among the filters as rows. */
export const filterEntry = (state: Conv2dState, at: Place, value: number): string =>
  `${entry(at)}: ${weightInWords(state, at.row, weightOfIndex(state, at.column * state.filters).tap, value)}.`;

/** An input of a window, its product with the weight of the selected filter, and the output. */
export function windowEntry(state: Conv2dState, at: Place, filter: number): string {
  const output = outputAt(state, at.column, filter);
  const { at: input, tap, value, weight, isPadding } = termAt(state, output, at.row);
  const seen = isPadding ? "padding: 0" : `input slice ${input.channel + 1}, ${place(input)}: ${shown(value)}`;
  return `${entry(at)}: ${seen}; times ${weightInWords(state, filter, tap, weight)}; for ${outputInWords(output)}.`;
}

/** An output among the maps as rows. */
export const mapEntry = (state: Conv2dState, at: Place, value: number): string =>
  `${entry(at)}: ${outputInWords(outputAt(state, at.column, at.row))}: ${shown(value)} before the bias.`;

/** An entry of the one matrix: a copy of the weight at `index` (−1 for a zero), which is in `copies` rows. */
export function toeplitzEntry(state: Conv2dState, at: Place, index: number, value: number, copies: number): string {
  const input = inputOfColumn(state, at.column);
  const ends = `input slice ${input.channel + 1}, ${place(input)}; ${outputInWords(outputOfRow(state, at.row))}`;
  if (index < 0) return `${entry(at)}: 0, no weight. This output does not depend on that input: ${ends}.`;
  const { filter, tap } = weightOfIndex(state, index);
  return `${entry(at)}: ${weightInWords(state, filter, tap, value)}, which is in ${counted(copies, "row")}. It multiplies ${ends}.`;
}
