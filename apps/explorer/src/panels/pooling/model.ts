import { droppedBy, GeometryError, pool2dGeometry, threefry } from "@convlens/backend";
import type { PoolingRequest } from "../../compute/pooling.ts";
import { shown } from "../../draw/shown.ts";
import { choice, edits, flag, whole, type StateOf } from "../../fields.ts";

const isCell = (name: string): boolean => /^x\d\.\d$/.test(name);

/** What the panel's state is made of. */
export const poolingFields = {
  size: whole(4, 2, 8),
  kind: choice("max", ["max", "average", "L2"] as const),
  window: whole(2, 1, 4),
  stride: whole(2, 1, 4),
  /** Which output is looked at, counted row by row. */
  step: whole(0, 0, 63),
  direction: choice("forward", ["forward", "backward"] as const),
  /** Backwards: whether only the output that is looked at has a gradient, or each has a gradient of 1. */
  one: flag(false),
  edits: edits(isCell),
};
/** The panel's state. */
export type PoolingState = StateOf<typeof poolingFields>;

/** A place in a map. */
export interface Spot {
  readonly row: number;
  readonly column: number;
}

/** How the windows lie. */
export interface Lie {
  /** Windows along a side; 0 where not even one has room. */
  readonly positions: number;
  /** Rows and columns at the end that no window reaches. */
  readonly dropped: number;
  /** Rows and columns that neighbours share. */
  readonly overlap: number;
  /** `(W − F) / S + 1`, whole or not. */
  readonly exact: number;
}

/** Small enough to be pooled in the head. */
const NUMBERS = ["1124", "5678", "3210", "1234"];

/** A number of the map before anybody edits it; outside of the known ones they are drawn, always the same. */
function numberAt({ row, column }: Spot): number {
  const digit = NUMBERS[row]?.[column];
  return digit === undefined ? (threefry(row, column, 4, 11)[0] >>> 0) % 9 : Number(digit);
}

const nameOf = ({ row, column }: Spot): string => `x${row}.${column}`;

/** A number of the map. */
export const inputAt = (state: PoolingState, at: Spot): number => state.edits[nameOf(at)] ?? numberAt(at);

/** The state with another number in the map. */
export const edited = (state: PoolingState, at: Spot, value: number): Partial<PoolingState> => ({
  edits: { ...state.edits, [nameOf(at)]: value },
});

/** How the windows lie along a side. */
export function lieOf({ size, window, stride }: PoolingState): Lie {
  const exact = (size - window) / stride + 1;
  const overlap = Math.max(0, window - stride);
  try {
    const { width } = pool2dGeometry([1, size, size, 1], { kernelSize: window, stride, geometry: "floor" });
    return { positions: width.output, dropped: droppedBy(width), overlap, exact };
  } catch (error) {
    if (error instanceof GeometryError) return { positions: 0, dropped: 0, overlap, exact };
    throw error;
  }
}

/** The output that is looked at; `undefined` where there is none. */
export function selected(state: PoolingState): Spot | undefined {
  const { positions } = lieOf(state);
  if (positions === 0) return undefined;
  const step = Math.min(state.step, positions * positions - 1);
  return { row: Math.floor(step / positions), column: step % positions };
}

/** The number of an output, as the state counts it. */
export const stepOf = (state: PoolingState, { row, column }: Spot): number => row * lieOf(state).positions + column;

/** The places that one output is made of. */
export function seenBy({ window, stride }: PoolingState, output: Spot): Spot[] {
  return Array.from({ length: window * window }, (_, i) => ({
    row: output.row * stride + Math.floor(i / window),
    column: output.column * stride + (i % window),
  }));
}

/** The outputs that a place has a part in. */
export function usersOf(state: PoolingState, { row, column }: Spot): Spot[] {
  const { positions } = lieOf(state);
  const covers = (output: number, at: number): boolean =>
    at >= output * state.stride && at < output * state.stride + state.window;
  return Array.from({ length: positions * positions }, (_, step) => ({
    row: Math.floor(step / positions),
    column: step % positions,
  })).filter((output) => covers(output.row, row) && covers(output.column, column));
}

const inBrackets = (value: number): string => (value < 0 ? `(${shown(value)})` : shown(value));

/** One output as a formula with its numbers: `max(1, 1, 5, 6) = 6`. */
export function formulaOf(state: PoolingState, output: Spot, computed: number): string {
  const values = seenBy(state, output).map((at) => inputAt(state, at));
  switch (state.kind) {
    case "max":
      return `max(${values.map(shown).join(", ")}) = ${shown(computed)}`;
    case "average":
      return `(${values.map(inBrackets).join(" + ")}) / ${values.length} = ${shown(computed)}`;
    case "L2":
      return `√(${values.map((value) => `${inBrackets(value)}²`).join(" + ")}) = ${shown(computed)}`;
  }
}

/** What is left of the map, in words. */
export function summaryOf(state: PoolingState): string {
  const { positions, dropped, overlap } = lieOf(state);
  const [before, after] = [state.size ** 2, positions ** 2];
  if (positions === 0)
    return `A window of ${state.window} × ${state.window} has no place on a map of ${state.size} × ${state.size}.`;
  const share = Math.round((1 - after / before) * 1000) / 10;
  const kept = `Of ${before} numbers ${after} ${after === 1 ? "is" : "are"} left: ${shown(share)} % are gone, and nothing was learned for it.`;
  const shared =
    overlap > 0 ? ` Windows overlap by ${overlap === 1 ? "one row and column" : `${overlap} rows and columns`}.` : "";
  const missed =
    dropped > 0
      ? ` No window reaches the last ${dropped === 1 ? "row and column" : `${dropped} rows and columns`}: (${state.size} − ${state.window}) / ${state.stride} + 1 = ${shown(lieOf(state).exact)}.`
      : "";
  return kept + shared + missed;
}

/** What the worker is to compute; nothing where no window has a place. */
export function requestOf(state: PoolingState): PoolingRequest | undefined {
  const { size, kind, window, stride, direction, one } = state;
  const { positions } = lieOf(state);
  const output = selected(state);
  if (output === undefined) return undefined;
  const outputGradient = new Float32Array(positions * positions).fill(one ? 0 : 1);
  if (one) outputGradient[stepOf(state, output)] = 1;
  return {
    input: Float32Array.from({ length: size * size }, (_, i) =>
      inputAt(state, { row: Math.floor(i / size), column: i % size }),
    ),
    inputShape: [size, size],
    kind,
    kernelSize: window,
    stride,
    outputGradient: direction === "backward" ? outputGradient : undefined,
  };
}

/** The same as the lines of a program. */
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
