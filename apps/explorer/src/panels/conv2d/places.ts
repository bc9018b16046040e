import { depthOf, fitOf, stepOf, termsOf, type Cell, type Conv2dState, type Term } from "./model.ts";

// Where the numbers of the layer stand in its matrices, whose axes are laid out as tensors are: places row by row, then channels.

/** The row of a weight in a column of what a window sees. */
export const tapOf = (state: Conv2dState, { channel, row, column }: Cell): number =>
  (row * state.window + column) * depthOf(state) + channel;

/** The product that such a row stands for, of one output. */
export function termAt(state: Conv2dState, output: Cell, tap: number): Term & { readonly kind: "term" } {
  const found = termsOf(state, output).find((term) => tapOf(state, term.tap) === tap);
  return { kind: "term", ...found! };
}

/** The row of the one matrix that makes an output. */
export const toeplitzRow = (state: Conv2dState, { channel, row, column }: Cell): number =>
  (row * fitOf(state).positions + column) * state.filters + channel;

/** The output of a filter at a place, where places are counted row by row, as the columns of im2col are. */
export function outputAt(state: Conv2dState, place: number, channel: number): Cell {
  const { positions } = fitOf(state);
  return { channel, row: Math.floor(place / positions), column: place % positions };
}

/** The output that such a row makes. */
export const outputOfRow = (state: Conv2dState, row: number): Cell =>
  outputAt(state, Math.floor(row / state.filters), row % state.filters);

/** The same as a step. */
export const stepOfRow = (state: Conv2dState, row: number): number => stepOf(state, outputOfRow(state, row));

/** The column that an input is multiplied by; none for the padding. */
export const toeplitzColumn = (state: Conv2dState, { channel, row, column }: Cell): number | undefined =>
  row < 0 || column < 0 || row >= state.size || column >= state.size
    ? undefined
    : (row * state.size + column) * state.channels + channel;

/** The input that such a column multiplies. */
export function inputOfColumn({ size, channels }: Conv2dState, column: number): Cell {
  const place = Math.floor(column / channels);
  return { channel: column % channels, row: Math.floor(place / size), column: place % size };
}

/** The weight at an index of all weights, `[window, window, depth, filters]`. */
export function weightOfIndex(state: Conv2dState, index: number): { readonly filter: number; readonly tap: Cell } {
  const tap = Math.floor(index / state.filters);
  const place = Math.floor(tap / depthOf(state));
  return {
    filter: index % state.filters,
    tap: { channel: tap % depthOf(state), row: Math.floor(place / state.window), column: place % state.window },
  };
}
