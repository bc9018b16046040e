import { refuse, type NodeCall } from "./node.ts";

/** A window of a convolution or pooling along each spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding, or how it follows from the size of the input. */
  readonly padding: Pads | "same" | "sameLower";
  readonly isCeil: boolean;
}

/** Padding before and after along each spatial axis. */
export interface Pads {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The window of a node. */
export function windowOf(call: NodeCall, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const list = (name: string, count: number, otherwise: number): readonly number[] => {
    const given = call.numbers(name) ?? [];
    if (given.length === 0) return Array<number>(count).fill(otherwise);
    if (given.length !== count) refuse(`${name} has ${given.length} numbers in place of ${count}`);
    return given;
  };
  return {
    kernel,
    strides: list("strides", rank, 1),
    dilations: list("dilations", rank, 1),
    padding: paddingOf(call, list("pads", 2 * rank, 0)),
    isCeil: call.flag("ceil_mode"),
  };
}

function paddingOf(call: NodeCall, pads: readonly number[]): Window["padding"] {
  const rank = pads.length / 2;
  const mode = call.text("auto_pad", "NOTSET");
  if (mode === "SAME_UPPER") return "same";
  if (mode === "SAME_LOWER") return "sameLower";
  const isExplicit = mode === "NOTSET" || mode === "";
  if (!isExplicit && mode !== "VALID") refuse(`auto_pad is "${mode}"`);
  const used = isExplicit ? pads : pads.map(() => 0);
  return { before: used.slice(0, rank), after: used.slice(rank) };
}

/** Number of elements from the first tap to the last. */
export const span = (window: Window, axis: number): number => (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;

/** The padding for an input of these spatial sizes; an odd rest of `"same"` goes after, of `"sameLower"` before. */
export function padsFor(window: Window, sizes: readonly number[]): Pads {
  const { padding, strides } = window;
  if (typeof padding === "object") return padding;
  const totals = sizes.map((size, axis) => {
    const outputs = Math.ceil(size / strides[axis]!);
    return Math.max(0, (outputs - 1) * strides[axis]! + span(window, axis) - size);
  });
  const smaller = totals.map((total) => Math.floor(total / 2));
  const larger = totals.map((total) => Math.ceil(total / 2));
  return padding === "same" ? { before: smaller, after: larger } : { before: larger, after: smaller };
}

/** How far the last window of `ceil_mode` reaches beyond the padding. A window that would begin there is left out. */
export function overhang(window: Window, sizes: readonly number[], pads: Pads): number[] {
  return sizes.map((size, axis) => {
    if (!window.isCeil || typeof window.padding !== "object") return 0;
    const stride = window.strides[axis]!;
    const padded = size + pads.before[axis]! + pads.after[axis]!;
    let last = Math.ceil((padded - span(window, axis)) / stride) * stride;
    if (last >= size + pads.before[axis]!) last -= stride;
    return Math.max(0, last + span(window, axis) - padded);
  });
}

/** Numbers of one, two or three axes, as options of layers take them: one alone. */
const option = <T>(numbers: readonly T[]): T | readonly T[] => (numbers.length === 1 ? numbers[0]! : numbers);

/** Padding before and after along each axis. */
export const sides = ({ before, after }: Pads): readonly (readonly [number, number])[] =>
  before.map((side, axis) => [side, after[axis]!] as const);

/** Options of a window along one, two or three axes, whose types differ. */
interface WindowOptions {
  readonly kernelSize: never;
  readonly stride: never;
  readonly dilation: never;
  readonly padding: never;
}

/**
 * Options of a layer or function with a window along one, two or three axes.
 *
 * @param padding - Padding in place of the window's.
 */
export const windowOptions = (window: Window, padding: Pads | "same"): WindowOptions =>
  ({
    kernelSize: option(window.kernel),
    stride: option(window.strides),
    dilation: option(window.dilations),
    padding: padding === "same" ? padding : option(sides(padding)),
  }) as unknown as WindowOptions;
