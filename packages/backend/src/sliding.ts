import type { ErrorParts } from "./errors.ts";

/** A window that slides along one axis, with every number resolved. Gradients need the size of the input, too. */
export interface Sliding {
  /** Size of the input along the axis. */
  readonly input: number;
  /** Number of taps of the window. */
  readonly window: number;
  /** Number of positions of the window. */
  readonly output: number;
  /** Distance from one position to the next. */
  readonly stride: number;
  /** Distance from one tap to the next. */
  readonly dilation: number;
  /** Padding before the first element. */
  readonly before: number;
  /** Padding after the last element. */
  readonly after: number;
}

/** Number of elements that a window covers, holes included. */
export const spanOf = ({ window, dilation }: { readonly window: number; readonly dilation: number }): number =>
  (window - 1) * dilation + 1;

/** Number of elements at the end, padding included, that no window reaches. */
export const droppedBy = (s: Sliding): number => s.before + s.input + s.after - ((s.output - 1) * s.stride + spanOf(s));

/** Index of the input element under a tap of the window at position `output`. It is outside of the input over padding. */
export const inputUnder = (s: Sliding, output: number, tap: number): number =>
  output * s.stride - s.before + tap * s.dilation;

/** A tap of a window and the input element under it. */
export interface Meeting {
  readonly input: number;
  readonly tap: number;
}

/**
 * Meetings of a window and its input along one axis: for each position of the window, the taps that lie over the input, in
 * order. Taps over padding are left out.
 */
export const meetings = (s: Sliding): Meeting[][] =>
  Array.from({ length: s.output }, (_, output) =>
    tapsAt(s, output).filter(({ input }) => input >= 0 && input < s.input),
  );

/** Positions of the window that cover index `input`, inside the input or in the padding, each with the tap that lies over it. */
export const windowsOver = (s: Sliding, input: number): { readonly output: number; readonly tap: number }[] =>
  Array.from({ length: s.output }, (_, output) =>
    tapsAt(s, output).flatMap((at) => (at.input === input ? [{ output, tap: at.tap }] : [])),
  ).flat();

const tapsAt = (s: Sliding, output: number): Meeting[] =>
  Array.from({ length: s.window }, (_, tap) => ({ input: inputUnder(s, output, tap), tap }));

/**
 * Visits each position of a window in two dimensions with its {@link meetings}. Output pixels, input pixels and taps are
 * numbered row by row.
 */
export function eachWindow(
  { height, width }: { readonly height: Sliding; readonly width: Sliding },
  visit: (output: number, taps: readonly Meeting[]) => void,
): void {
  const [rows, columns] = [meetings(height), meetings(width)];
  rows.forEach((ys, oy) =>
    columns.forEach((xs, ox) =>
      visit(
        oy * width.output + ox,
        ys.flatMap((y) =>
          xs.map((x) => ({ input: y.input * width.input + x.input, tap: y.tap * width.window + x.tap })),
        ),
      ),
    ),
  );
}

/** A window along one axis, as it is asked for. */
export interface AxisWindow {
  /** Size of the input along the axis. */
  readonly input: number;
  /** Number of taps. */
  readonly window: number;
  /** Distance from one position to the next. */
  readonly stride: number;
  /** Distance from one tap to the next. */
  readonly dilation: number;
  /** Zeros before and after the input; `"same"` for an output of `⌈input / stride⌉`. */
  readonly padding: "same" | readonly [before: number, after: number];
}

/** How a window fits along one axis. */
export interface AxisFit {
  /** The window with every number resolved; with an output of 0 where it is larger than the padded input. */
  readonly sliding: Sliding;
  /** `(input + padding − span) / stride + 1`, which may be fractional; below 1 if the window is larger than the padded input. */
  readonly positions: number;
  /** Number of elements at the end, padding included, that no window reaches; 0 with `"same"` padding, which sets `positions`. */
  readonly dropped: number;
  /** Why it does not fit, where the window is too large or elements are dropped: parts of an error. */
  readonly misfit: ErrorParts | undefined;
}

/**
 * Fits a window along one axis.
 *
 * @param axis - Name of the axis, for `misfit`.
 *
 * @example
 * ```ts
 * fitWindow({ input: 7, window: 3, stride: 3, dilation: 1, padding: [0, 0] }).positions; // 2.33: the last element is dropped
 * ```
 */
export function fitWindow({ input, window, stride, dilation, padding }: AxisWindow, axis = "size"): AxisFit {
  const span = spanOf({ window, dilation });
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + span - input);
  const [before, after] = padding === "same" ? [Math.floor(total / 2), Math.ceil(total / 2)] : padding;
  const room = before + input + after;
  const positions = padding === "same" ? Math.ceil(input / stride) : (room - span) / stride + 1;
  const output = Math.max(0, Math.floor(positions));
  const sliding: Sliding = { input, window, output, stride, dilation, before, after };
  if (room < span) return { sliding, positions, dropped: room, misfit: tooLarge(sliding, axis) };
  const dropped = padding === "same" ? 0 : droppedBy(sliding);
  return { sliding, positions, dropped, misfit: dropped > 0 ? leavesOut(sliding, axis, dropped) : undefined };
}

/**
 * Adds a window for the elements at the end that no window reaches, with padding for what it covers beyond them. It must begin
 * over the input or the padding before it; else the elements stay dropped.
 */
export function coverRest(s: Sliding): Sliding {
  const start = s.output * s.stride;
  const end = s.before + s.input;
  return droppedBy(s) > 0 && start < end ? { ...s, output: s.output + 1, after: start + spanOf(s) - end } : s;
}

/** The window is larger than the padded input. */
function tooLarge(s: Sliding, axis: string): ErrorParts {
  const [span, room] = [spanOf(s), s.before + s.input + s.after];
  return {
    problem: "the window does not fit",
    what: s.before + s.after > 0 ? "the input with padding" : "the input",
    axis,
    expected: `at least ${span}${s.dilation > 1 ? ` (${s.window} taps with dilation ${s.dilation})` : ""}`,
    got: room,
    fix: `use a smaller window, a larger input, or ${s.before + s.after > 0 ? `${span - room} more padding` : `padding of ${span - room} in total`}`,
  };
}

/** The window leaves out elements at the end. */
function leavesOut(s: Sliding, axis: string, dropped: number): ErrorParts {
  const [span, room] = [spanOf(s), s.before + s.input + s.after];
  const positions = (room - span) / s.stride + 1;
  const strides = [s.stride - 1, s.stride + 1].filter((stride) => stride > 0 && (room - span) % stride === 0);
  const fixes = [
    `an input ${axis} of ${s.input - dropped} or ${s.input - dropped + s.stride}`,
    `${s.stride - dropped} more padding in total (now ${s.before} before, ${s.after} after)`,
    ...strides.map((stride) => `a stride of ${stride}`),
    `geometry: "floor", which drops the last ${dropped}`,
  ];
  return {
    problem: `the stride does not fit the ${axis}`,
    axis,
    expected: `(${s.input} + ${s.before + s.after} padding − ${span} window) / ${s.stride} + 1 to be a whole number of positions`,
    got: positions,
    gotWords: `${+positions.toFixed(2)}`,
    fix: `use ${fixes.join(", or ")}`,
  };
}
