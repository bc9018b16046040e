import { classicalKernels, composeKernels, type ClassicalKernelName } from "@convlens/analysis";
import type { ConvolutionRequest } from "../../compute/convolution.ts";
import { cells, choice, flag, whole, type StateOf } from "../../fields.ts";
import { shown } from "../../draw/shown.ts";
import { inkField, inkOn, NO_INK } from "../../draw/ink.ts";
import { sample, SIDE, sampleNames } from "../../draw/samples.ts";
import { clamp } from "../../numbers.ts";
import type { Place } from "../../place.ts";

/** A kernel as it is written: whole numbers, and a divisor of all of them. */
export interface Kernel {
  /** Row-major, square. */
  readonly cells: readonly number[];
  readonly divisor: number;
}

/** Names of the kernels on the page, and in `@convlens/analysis`. */
const names = {
  identity: "identity",
  "box blur": "box",
  blur: "blur",
  sharpen: "sharpen",
  outline: "outline",
  "left edges": "sobelLeft",
  "top edges": "sobelTop",
  emboss: "emboss",
} as const satisfies Readonly<Record<string, ClassicalKernelName>>;
/** The name of a kernel. */
export type PresetName = keyof typeof names;
/** All of them. */
export const presetNames = Object.keys(names) as readonly PresetName[];

/** The weights of a kernel, row by row. */
export const kernelOf = (name: PresetName): readonly number[] => classicalKernels[names[name]].values;

const MOST_DIVISOR = 16;

/** Weights as whole numbers over their smallest common divisor. */
function written(values: readonly number[]): Kernel {
  let divisor = 1;
  const isWhole = (value: number): boolean => Math.abs(value * divisor - Math.round(value * divisor)) < 1e-9;
  while (divisor < MOST_DIVISOR && !values.every(isWhole)) divisor++;
  return { cells: values.map((value) => Math.round(value * divisor) + 0), divisor };
}

/** The kernels by name. */
export const presets = Object.fromEntries(presetNames.map((name) => [name, written(kernelOf(name))])) as Readonly<
  Record<PresetName, Kernel>
>;

const WIDTH = 3;

/** Fields of the panel's state. */
export const kernelsFields = {
  image: choice("house", sampleNames),
  /** A drawing of the reader in place of the image. */
  sheet: inkField(SIDE),
  cells: cells(presets["left edges"].cells),
  divisor: whole(1, 1, MOST_DIVISOR),
  border: choice("replicate", ["zero", "replicate", "reflect", "wrap", "none"] as const),
  /** Whether the kernel is flipped in both directions first, as in mathematics. */
  flip: flag(false),
  /** A second kernel, applied to the result. */
  next: choice("nothing", ["nothing", ...presetNames] as const),
  /** The selected pixel, counted from 1. */
  row: whole(34, 1, SIDE),
  column: whole(11, 1, SIDE),
};
/** The panel's state. */
export type KernelsState = StateOf<typeof kernelsFields>;

/** Greys of a drawing. */
const [PAPER, INK] = [0.91, 0.09];

/** The ink of the drawing. */
export const inkOf = ({ sheet }: Pick<KernelsState, "sheet">): Float32Array => inkOn(sheet, SIDE);

/** A drawing as an image, dark on light. */
export const greysOf = (ink: Float32Array): Float32Array => ink.map((level) => PAPER + level * (INK - PAPER));

/** The image of a state: a sample or the drawing. */
export const imageOf = (state: Pick<KernelsState, "image" | "sheet">): Float32Array =>
  state.sheet === NO_INK ? sample(state.image) : greysOf(inkOf(state));

/** A product under the kernel. */
export interface Product {
  readonly pixel: number;
  readonly weight: number;
  /** Whether the pixel is beyond the border of the image. */
  readonly isBorder: boolean;
}

/** The kernel as it is applied: row-major, divided, and flipped if `flip`. */
export function appliedKernel({ cells, divisor, flip }: KernelsState): Float32Array {
  const applied = Float32Array.from(cells, (cell) => cell / divisor);
  return flip ? applied.reverse() : applied;
}

/** The name of a kernel; `undefined` for one of the reader. */
export const nameOf = ({ cells, divisor }: KernelsState): PresetName | undefined =>
  presetNames.find((name) => presets[name].divisor === divisor && presets[name].cells.join() === cells.join());

/** Rows and columns that the result lacks on each side. */
export const lostBy = ({ border }: KernelsState): number => (border === "none" ? 1 : 0);

/** Height and width of the result. */
export const resultSide = (state: KernelsState): number => SIDE - 2 * lostBy(state);

const request = (
  image: Float32Array,
  side: number,
  kernel: Float32Array,
  border: KernelsState["border"],
): ConvolutionRequest => ({
  input: image,
  inputShape: [side, side, 1],
  filters: kernel,
  filterShape: [WIDTH, WIDTH, 1, 1],
  padding: border === "none" ? 0 : 1,
  border: border === "none" || border === "zero" ? "constant" : border,
});

/** The convolution of an image with the kernel. */
export const requestOf = (state: KernelsState, image: Float32Array): ConvolutionRequest =>
  request(image, SIDE, appliedKernel(state), state.border);

/** The second convolution, of the result of the first. */
export function thenRequestOf(state: KernelsState, result: Float32Array): ConvolutionRequest | undefined {
  if (state.next === "nothing") return undefined;
  const kernel = Float32Array.from(kernelOf(state.next));
  return request(result, Math.round(Math.sqrt(result.length)), kernel, state.border);
}

/** The one kernel of 5 × 5 that has the effect of two of 3 × 3 one after the other: the convolution of the kernels. */
export function composed(first: ArrayLike<number>, second: ArrayLike<number>): readonly number[] {
  const kernel = (values: ArrayLike<number>) => ({ height: WIDTH, width: WIDTH, values: Array.from(values) });
  return composeKernels(kernel(first), kernel(second)).values;
}

/** The row or column whose pixel is used at a place; `undefined` for a zero. */
function source(at: number, border: KernelsState["border"]): number | undefined {
  if (at >= 0 && at < SIDE) return at;
  if (border === "wrap") return (at + SIDE) % SIDE;
  if (border === "replicate") return at < 0 ? 0 : SIDE - 1;
  if (border === "reflect") return at < 0 ? -at : 2 * (SIDE - 1) - at;
  return undefined;
}

/** The nearest place at which the kernel is applied. */
export function lookedAt(state: KernelsState, { row, column }: Place): Place {
  const lost = lostBy(state);
  const within = (at: number): number => clamp(at, lost, SIDE - 1 - lost);
  return { row: within(row), column: within(column) };
}

/** The nine products at one place of the image. */
export function productsOf(state: KernelsState, image: ArrayLike<number>, { row, column }: Place): Product[] {
  return Array.from(appliedKernel(state), (weight, i) => {
    const [at, across] = [row + Math.floor(i / WIDTH) - 1, column + (i % WIDTH) - 1];
    const [y, x] = [source(at, state.border), source(across, state.border)];
    return {
      weight,
      pixel: y === undefined || x === undefined ? 0 : image[y * SIDE + x]!,
      isBorder: y !== at || x !== across,
    };
  });
}

/** The sum of a kernel's cells, and its effect on flat areas. */
export function sumSentence({ cells, divisor }: KernelsState): string {
  const sum = cells.reduce((a, b) => a + b, 0) / divisor;
  const text = shown(sum);
  if (Math.abs(sum) < 1e-9) return "The cells add up to 0, so flat areas give 0 and only changes are left.";
  if (Math.abs(sum - 1) < 1e-9) return "The cells add up to 1, so flat areas do not change.";
  return `The cells add up to ${text}, so flat areas become ${text} times as bright.`;
}

/** The program that the panel shows. */
export function codeOf(state: KernelsState): string {
  const { cells, divisor, border, flip } = state;
  const kernel = `tensor([${cells.join(", ")}], [3, 3, 1, 1])`;
  const divided = divisor === 1 ? kernel : `divide(${kernel}, ${divisor})`;
  const turned = flip ? `flip(${divided}, [0, 1])` : divided;
  const framed =
    border === "none" || border === "zero"
      ? "image"
      : `pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], { mode: "${border}" })`;
  return [
    `const kernel = ${turned};`,
    `const result = conv2d(${framed}, kernel, { padding: ${border === "zero" ? 1 : 0} }); // image: [1, ${SIDE}, ${SIDE}, 1]`,
  ].join("\n");
}
