import { fitWindow, inputUnder, spanOf, windowsOver, type AxisFit } from "@convlens/backend";
import type { ConvolutionRequest } from "../../compute/convolution.ts";
import { shown } from "../../draw/shown.ts";
import { choice, edits, flag, nearest, whole, type StateOf } from "../../fields.ts";
import { upTo } from "../../numbers.ts";
import { demoBias, demoInput, demoWeight } from "./demo.ts";

/** Input cells are `x` channel.row.column, weights `w` filter.channel.row.column, biases `b` filter. */
const isCell = (name: string): boolean => /^(x(\d\.){2}\d|w(\d\.){3}\d|b\d)$/.test(name);

/** Fields of the panel's state. */
export const conv2dFields = {
  size: whole(5, 3, 9),
  channels: whole(3, 1, 4),
  filters: whole(2, 1, 4),
  window: whole(3, 1, 5),
  stride: whole(2, 1, 4),
  padding: whole(1, 0, 3),
  dilation: whole(1, 1, 3),
  groups: whole(1, 1, 4),
  /** The selected output, counted through the maps row by row. */
  step: whole(0, 0, 999),
  direction: choice("forward", ["forward", "backward"] as const),
  /** Backward: whether only the selected output has a gradient of 1, or all outputs. */
  one: flag(false),
  /** The product of matrices that is shown below. */
  matrix: choice("none", ["none", "im2col", "Toeplitz"] as const),
  edits: edits(isCell),
};
/** The panel's state. */
export type Conv2dState = StateOf<typeof conv2dFields>;

/** A place in a volume. */
export interface Cell {
  readonly channel: number;
  readonly row: number;
  readonly column: number;
}

/** Numbers of a volume in one list, as in a tensor `[height, width, channels]`. */
export interface Volume {
  readonly size: number;
  readonly indexOf: (at: Cell) => number;
  readonly cellAt: (index: number) => Cell;
}

const volume = (side: number, channels: number): Volume => ({
  size: side * side * channels,
  indexOf: ({ channel, row, column }) => (row * side + column) * channels + channel,
  cellAt: (index) => {
    const place = Math.floor(index / channels);
    return { channel: index % channels, row: Math.floor(place / side), column: place % side };
  },
});

/** One product of an output. */
export interface Term {
  readonly kind: "term";
  readonly at: Cell;
  /** Place of the weight in its filter. */
  readonly tap: Cell;
  readonly value: number;
  readonly weight: number;
  /** Whether the input is padding. */
  readonly isPadding: boolean;
}

/** Positions of the windows along a side. */
interface Fit {
  /** Number of positions, rounded down; 0 if the window is larger than the image. */
  readonly positions: number;
  /** `(W − F + 2P) / S + 1`, whole or not. */
  readonly exact: number;
  /** Rows and columns at the end that no window contains. */
  readonly dropped: number;
  /** Size of the window with its dilation. */
  readonly span: number;
  /** A sentence about what is wrong, and changes that fix it. */
  readonly problem: string | undefined;
  readonly fixes: readonly Fix[];
}

/** A change with which the windows fit. */
export interface Fix {
  readonly text: string;
  readonly change: Partial<Conv2dState>;
}

const inputName = ({ channel, row, column }: Cell): string => `x${channel}.${row}.${column}`;
const weightName = (filter: number, { channel, row, column }: Cell): string => `w${filter}.${channel}.${row}.${column}`;

/** A number of the input. */
export const inputAt = (state: Conv2dState, at: Cell): number =>
  state.edits[inputName(at)] ?? demoInput(at.channel, at.row, at.column);

/** A weight. */
export const weightAt = (state: Conv2dState, filter: number, tap: Cell): number =>
  state.edits[weightName(filter, tap)] ?? demoWeight(filter, tap.channel, tap.row, tap.column);

/** A filter's bias. */
export const biasAt = (state: Conv2dState, filter: number): number => state.edits[`b${filter}`] ?? demoBias(filter);

/** The state with one number changed. */
export const edited = (state: Conv2dState, name: string, value: number): Partial<Conv2dState> => ({
  edits: { ...state.edits, [name]: value },
});
/** The state with another input. */
export const editedInput = (state: Conv2dState, at: Cell, value: number): Partial<Conv2dState> =>
  edited(state, inputName(at), value);
/** The state with another weight. */
export const editedWeight = (state: Conv2dState, filter: number, tap: Cell, value: number): Partial<Conv2dState> =>
  edited(state, weightName(filter, tap), value);

/** Numbers of groups that divide both channels and filters. */
export const groupsOf = ({ channels, filters }: Conv2dState): number[] =>
  [1, 2, 3, 4].filter((groups) => channels % groups === 0 && filters % groups === 0);

/** Number of groups: that of the state, or 1 if it does not divide channels and filters. */
export const usedGroups = (state: Conv2dState): number => (groupsOf(state).includes(state.groups) ? state.groups : 1);

/** Channels that one filter reads. */
export const depthOf = (state: Conv2dState): number => state.channels / usedGroups(state);

/** First channel that a filter reads. */
export const firstChannel = (state: Conv2dState, filter: number): number =>
  Math.floor(filter / (state.filters / usedGroups(state))) * depthOf(state);

/** The input. */
export const inputsOf = ({ size, channels }: Conv2dState): Volume => volume(size, channels);
/** The weights of one filter. */
export const tapsOf = (state: Conv2dState): Volume => volume(state.window, depthOf(state));
/** The output. */
export const outputsOf = (state: Conv2dState): Volume => volume(fitOf(state).positions, state.filters);

/** How the window fits along a side. */
export const slide = ({ size, window, stride, padding, dilation }: Conv2dState): AxisFit =>
  fitWindow({ input: size, window, stride, dilation, padding: [padding, padding] });

/** Whether the windows fit, what they leave out, and what would fix it. */
export function fitOf(state: Conv2dState): Fit {
  const { size, window, stride, padding, dilation } = state;
  const span = spanOf({ window, dilation });
  const { sliding, positions: exact, ...fit } = slide(state);
  const positions = sliding.output;
  const dropped = positions === 0 ? 0 : fit.dropped;
  const problem =
    positions === 0
      ? `The window spans ${span} cells, but the input with its padding has only ${size + 2 * padding}, so it fits nowhere.`
      : dropped > 0
        ? `(${size} − ${span} + 2·${padding}) / ${stride} + 1 = ${shown(exact)} is not a whole number of positions: no window contains the last ${dropped === 1 ? "row and column" : `${dropped} rows and columns`}.`
        : undefined;
  return { positions, exact, dropped, span, problem, fixes: problem === undefined ? [] : fixesOf(state) };
}

/** The nearest value of each control with which the windows fit. */
function fixesOf(state: Conv2dState): Fix[] {
  const names = {
    stride: "stride",
    padding: "padding",
    size: "input size",
    window: "filter size",
    dilation: "dilation",
  };
  const all = Object.entries(names) as [keyof typeof names, string][];
  return all.flatMap(([name, text]) =>
    nearest(conv2dFields[name], state[name], (each) => slide({ ...state, [name]: each }).misfit === undefined)
      .slice(0, 1)
      .map((value) => ({ text: `${text} ${value}`, change: { [name]: value } })),
  );
}

/** Number of outputs. */
export const stepsOf = (state: Conv2dState): number => outputsOf(state).size;

/** An output of a map, by its index in the map. */
export function outputAt(state: Conv2dState, place: number, channel: number): Cell {
  return outputsOf(state).cellAt(place * state.filters + channel);
}

/** The selected output; `undefined` if there are no outputs. */
export function selected(state: Conv2dState): Cell | undefined {
  const steps = stepsOf(state);
  if (steps === 0) return undefined;
  const step = Math.min(state.step, steps - 1);
  const perMap = steps / state.filters;
  return outputAt(state, step % perMap, Math.floor(step / perMap));
}

/** Index of an output, counted through the maps row by row. */
export function stepOf(state: Conv2dState, { channel, row, column }: Cell): number {
  const { positions } = fitOf(state);
  return (channel * positions + row) * positions + column;
}

/** Whether a place is in the padding. */
export const isOutside = ({ size }: Conv2dState, { row, column }: Cell): boolean =>
  row < 0 || column < 0 || row >= size || column >= size;

/** The product of an output with a weight of its filter. */
export function termAt(state: Conv2dState, output: Cell, tap: Cell): Term {
  const { sliding } = slide(state);
  const at = {
    channel: firstChannel(state, output.channel) + tap.channel,
    row: inputUnder(sliding, output.row, tap.row),
    column: inputUnder(sliding, output.column, tap.column),
  };
  const isPadding = isOutside(state, at);
  const value = isPadding ? 0 : inputAt(state, at);
  return { kind: "term", at, tap, value, weight: weightAt(state, output.channel, tap), isPadding };
}

/** The products of one output, slice by slice through its window. */
export const termsOf = (state: Conv2dState, output: Cell): Term[] =>
  upTo(depthOf(state)).flatMap((channel) =>
    upTo(state.window ** 2).map((i) =>
      termAt(state, output, { channel, row: Math.floor(i / state.window), column: i % state.window }),
    ),
  );

/** The outputs to which an input contributes, over which its gradient is summed. */
export function usersOf(state: Conv2dState, input: Cell): Cell[] {
  const { sliding } = slide(state);
  const [rows, columns] = [windowsOver(sliding, input.row), windowsOver(sliding, input.column)];
  return upTo(state.filters).flatMap((channel) => {
    const first = firstChannel(state, channel);
    if (input.channel < first || input.channel >= first + depthOf(state)) return [];
    return rows.flatMap((row) => columns.map((column) => ({ channel, row: row.output, column: column.output })));
  });
}

/** Parameters and multiply-adds of the layer. */
export function countsOf(state: Conv2dState): { readonly parameters: number; readonly products: number } {
  const weights = state.window ** 2 * depthOf(state);
  return { parameters: (weights + 1) * state.filters, products: weights * stepsOf(state) };
}

/** The request for the worker; `undefined` if there are no outputs. */
export function requestOf(state: Conv2dState): ConvolutionRequest | undefined {
  const { size, channels, filters, window, stride, padding, dilation, direction, one } = state;
  const [input, taps, outputs, output] = [inputsOf(state), tapsOf(state), outputsOf(state), selected(state)];
  if (output === undefined) return undefined;
  const outputGradient = new Float32Array(outputs.size).fill(one ? 0 : 1);
  if (one) outputGradient[outputs.indexOf(output)] = 1;
  return {
    input: Float32Array.from({ length: input.size }, (_, i) => inputAt(state, input.cellAt(i))),
    inputShape: [size, size, channels],
    filters: Float32Array.from({ length: taps.size * filters }, (_, i) =>
      weightAt(state, i % filters, taps.cellAt(Math.floor(i / filters))),
    ),
    filterShape: [window, window, depthOf(state), filters],
    bias: Float32Array.from({ length: filters }, (_, filter) => biasAt(state, filter)),
    ...{ stride, padding, dilation, groups: usedGroups(state) },
    outputGradient: direction === "backward" ? outputGradient : undefined,
  };
}

/** The program that the panel shows. */
export function codeOf(state: Conv2dState): string {
  const { size, channels, filters, window, stride, padding, dilation } = state;
  const groups = usedGroups(state);
  const options = [
    `stride: ${stride}`,
    `padding: ${padding}`,
    ...(dilation === 1 ? [] : [`dilation: ${dilation}`]),
    ...(groups === 1 ? [] : [`groups: ${groups}`]),
  ];
  const lines = [
    `const x = tensor(input, [1, ${size}, ${size}, ${channels}]); // [batch, height, width, channels]`,
    `const w = tensor(weights, [${window}, ${window}, ${channels / groups}, ${filters}]); // [height, width, channels, filters]`,
    `const y = add(conv2d(x, w, { ${options.join(", ")} }), tensor(bias, [${filters}]));`,
  ];
  if (state.direction === "backward") lines.push(`const [dx, dw] = await evaluate(...gradients(sum(y), [x, w]));`);
  return lines.join("\n");
}
