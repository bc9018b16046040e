import { depthOf, fitOf, isOutside, stepOf, termsOf, type Cell, type Conv2dState, type Term } from "./model.ts";

// Places of the layer's numbers in its matrices, whose axes are laid out as those of tensors: places row by row, then channels.

/** Row of a weight in the column of a window. */
export const tapOf = (state: Conv2dState, { channel, row, column }: Cell): number =>
  (row * state.window + column) * depthOf(state) + channel;

/** The product of an output that belongs to such a row. */
export function termAt(state: Conv2dState, output: Cell, tap: number): Term & { readonly kind: "term" } {
  const found = termsOf(state, output).find((term) => tapOf(state, term.tap) === tap);
  return { kind: "term", ...found! };
}

/** Row of an output in the one matrix. */
export const toeplitzRow = (state: Conv2dState, { channel, row, column }: Cell): number =>
  (row * fitOf(state).positions + column) * state.filters + channel;

/** The output of a filter at a place. Places are counted row by row, as the columns of im2col are. */
export function outputAt(state: Conv2dState, place: number, channel: number): Cell {
  const { positions } = fitOf(state);
  return { channel, row: Math.floor(place / positions), column: place % positions };
}

/** The output of a row of the one matrix. */
export const outputOfRow = (state: Conv2dState, row: number): Cell =>
  outputAt(state, Math.floor(row / state.filters), row % state.filters);

/** The same as an index of outputs. */
export const stepOfRow = (state: Conv2dState, row: number): number => stepOf(state, outputOfRow(state, row));

/** Column of an input in the one matrix; `undefined` for padding. */
export const toeplitzColumn = (state: Conv2dState, { channel, row, column }: Cell): number | undefined =>
  isOutside(state, { channel, row, column }) ? undefined : (row * state.size + column) * state.channels + channel;

/** The input of a column of the one matrix. */
export function inputOfColumn({ size, channels }: Conv2dState, column: number): Cell {
  const place = Math.floor(column / channels);
  return { channel: column % channels, row: Math.floor(place / size), column: place % size };
}

/** The weight at an index of `[window, window, depth, filters]`. */
export function weightOfIndex(state: Conv2dState, index: number): { readonly filter: number; readonly tap: Cell } {
  const tap = Math.floor(index / state.filters);
  const place = Math.floor(tap / depthOf(state));
  return {
    filter: index % state.filters,
    tap: { channel: tap % depthOf(state), row: Math.floor(place / state.window), column: place % state.window },
  };
}
