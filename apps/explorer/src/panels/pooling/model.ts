import { fitWindow, inputUnder, threefry, windowsOver, type AxisFit } from "@convlens/backend";
import type { PoolingRequest } from "../../compute/pooling.ts";
import type { Place } from "../../place.ts";
import { bracketed, shown } from "../../draw/shown.ts";
import { choice, edits, flag, whole, type StateOf } from "../../fields.ts";

const isCell = (name: string): boolean => /^x\d\.\d$/.test(name);

/** Fields of the panel's state. */
export const poolingFields = {
  size: whole(4, 2, 8),
  kind: choice("max", ["max", "average", "L2"] as const),
  window: whole(2, 1, 4),
  stride: whole(2, 1, 4),
  /** The selected output, counted row by row. */
  step: whole(0, 0, 63),
  direction: choice("forward", ["forward", "backward"] as const),
  /** Backward: whether only the selected output has a gradient of 1, or all outputs. */
  one: flag(false),
  edits: edits(isCell),
};
/** The panel's state. */
export type PoolingState = StateOf<typeof poolingFields>;

/** Positions of the windows along a side. */
export interface Positions {
  /** Number of windows; 0 if the window is larger than the map. */
  readonly positions: number;
  /** Rows and columns at the end that no window contains. */
  readonly dropped: number;
  /** Rows and columns that neighbouring windows share. */
  readonly overlap: number;
  /** `(W − F) / S + 1`, whole or not. */
  readonly exact: number;
}

/** The initial map, small enough to be pooled by hand. */
const NUMBERS = ["1124", "5678", "3210", "1234"];

/** A number of the unedited map. Outside of the initial one numbers are random, but always the same. */
function numberAt({ row, column }: Place): number {
  const digit = NUMBERS[row]?.[column];
  return digit === undefined ? (threefry(row, column, 4, 11)[0] >>> 0) % 9 : Number(digit);
}

const nameOf = ({ row, column }: Place): string => `x${row}.${column}`;

/** A number of the map. */
export const inputAt = (state: PoolingState, at: Place): number => state.edits[nameOf(at)] ?? numberAt(at);

/** The state with another number in the map. */
export const edited = (state: PoolingState, at: Place, value: number): Partial<PoolingState> => ({
  edits: { ...state.edits, [nameOf(at)]: value },
});

const slide = ({ size, window, stride }: PoolingState): AxisFit =>
  fitWindow({ input: size, window, stride, dilation: 1, padding: [0, 0] });

/** Positions of the windows along a side. */
export function positionsOf(state: PoolingState): Positions {
  const { sliding, positions: exact, dropped } = slide(state);
  const positions = sliding.output;
  const overlap = Math.max(0, state.window - state.stride);
  return { positions, dropped: positions === 0 ? 0 : dropped, overlap, exact };
}

/** The selected output; `undefined` if there are no outputs. */
export function selected(state: PoolingState): Place | undefined {
  const { positions } = positionsOf(state);
  if (positions === 0) return undefined;
  const step = Math.min(state.step, positions * positions - 1);
  return { row: Math.floor(step / positions), column: step % positions };
}

/** Index of an output. */
export const stepOf = (state: PoolingState, { row, column }: Place): number =>
  row * positionsOf(state).positions + column;

/** The places in the window of an output. */
export function seenBy(state: PoolingState, output: Place): Place[] {
  const { window } = state;
  const { sliding } = slide(state);
  return Array.from({ length: window * window }, (_, i) => ({
    row: inputUnder(sliding, output.row, Math.floor(i / window)),
    column: inputUnder(sliding, output.column, i % window),
  }));
}

/** The outputs whose windows contain a place. */
export function usersOf(state: PoolingState, { row, column }: Place): Place[] {
  const { sliding } = slide(state);
  return windowsOver(sliding, row).flatMap((y) =>
    windowsOver(sliding, column).map((x) => ({ row: y.output, column: x.output })),
  );
}

/** One output as a formula with its numbers: `max(1, 1, 5, 6) = 6`. */
export function formulaOf(state: PoolingState, output: Place, computed: number): string {
  const values = seenBy(state, output).map((at) => inputAt(state, at));
  switch (state.kind) {
    case "max":
      return `max(${values.map(shown).join(", ")}) = ${shown(computed)}`;
    case "average":
      return `(${values.map(bracketed).join(" + ")}) / ${values.length} = ${shown(computed)}`;
    case "L2":
      return `√(${values.map((value) => `${bracketed(value)}²`).join(" + ")}) = ${shown(computed)}`;
  }
}

/** What pooling keeps, in words. */
export function summaryOf(state: PoolingState): string {
  const { positions, dropped, overlap } = positionsOf(state);
  const [before, after] = [state.size ** 2, positions ** 2];
  if (positions === 0)
    return `A window of ${state.window} × ${state.window} does not fit on a map of ${state.size} × ${state.size}.`;
  const share = Math.round((1 - after / before) * 1000) / 10;
  const kept = `${after} of ${before} numbers ${after === 1 ? "is" : "are"} left: ${shown(share)} % are removed, without any parameters.`;
  const shared =
    overlap > 0 ? ` Windows overlap by ${overlap === 1 ? "one row and column" : `${overlap} rows and columns`}.` : "";
  const missed =
    dropped > 0
      ? ` No window contains the last ${dropped === 1 ? "row and column" : `${dropped} rows and columns`}: (${state.size} − ${state.window}) / ${state.stride} + 1 = ${shown(positionsOf(state).exact)}.`
      : "";
  return kept + shared + missed;
}

/** The request for the worker; `undefined` if there are no outputs. */
export function requestOf(state: PoolingState): PoolingRequest | undefined {
  const { size, kind, window, stride, direction, one } = state;
  const { positions } = positionsOf(state);
  const output = selected(state);
  if (output === undefined) return undefined;
  const gradient = new Float32Array(positions * positions).fill(one ? 0 : 1);
  if (one) gradient[stepOf(state, output)] = 1;
  return {
    input: Float32Array.from({ length: size * size }, (_, i) =>
      inputAt(state, { row: Math.floor(i / size), column: i % size }),
    ),
    inputShape: [size, size],
    kind,
    kernelSize: window,
    stride,
    outputGradient: direction === "backward" ? gradient : undefined,
  };
}

/** The program that the panel shows. */
export function codeOf(state: PoolingState): string {
  const { kind, size, window, stride } = state;
  const name = { max: "maxPool2d", average: "averagePool2d", L2: "lpPool2d" }[kind];
  const options = [`kernelSize: ${window}`, ...(stride === window ? [] : [`stride: ${stride}`])];
  const lines = [
    `const x = tensor(map, [1, ${size}, ${size}, 1]); // [batch, height, width, channels]`,
    `const y = ${name}(x, { ${options.join(", ")} });`,
  ];
  if (state.direction === "backward") lines.push(`const [dx] = await evaluate(...gradients(sum(y), [x]));`);
  return lines.join("\n");
}
