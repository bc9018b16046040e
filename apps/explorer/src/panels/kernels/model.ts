import type { ConvolutionRequest } from "../../compute/convolution.ts";
import { cellValue, choice, flag, whole, type Field, type StateOf } from "../../fields.ts";
import { inkField, inkOn, NO_INK } from "../../draw/ink.ts";
import { sample, SIDE, sampleNames } from "../../draw/samples.ts";

/** A kernel as it is written: whole numbers, and what all are divided by. */
export interface Kernel {
  /** Row-major, square. */
  readonly cells: readonly number[];
  readonly divisor: number;
}

/** Kernels that have a name. Each is written row by row. */
export const presets = {
  identity: { cells: [0, 0, 0, 0, 1, 0, 0, 0, 0], divisor: 1 },
  "box blur": { cells: [1, 1, 1, 1, 1, 1, 1, 1, 1], divisor: 9 },
  blur: { cells: [1, 2, 1, 2, 4, 2, 1, 2, 1], divisor: 16 },
  sharpen: { cells: [0, -1, 0, -1, 5, -1, 0, -1, 0], divisor: 1 },
  outline: { cells: [-1, -1, -1, -1, 8, -1, -1, -1, -1], divisor: 1 },
  "left edges": { cells: [1, 0, -1, 2, 0, -2, 1, 0, -1], divisor: 1 },
  "top edges": { cells: [1, 2, 1, 0, 0, 0, -1, -2, -1], divisor: 1 },
  emboss: { cells: [-2, -1, 0, -1, 1, 1, 0, 1, 2], divisor: 1 },
} as const satisfies Readonly<Record<string, Kernel>>;
/** The name of a kernel that has one. */
export type PresetName = keyof typeof presets;
/** All of them. */
export const presetNames = Object.keys(presets) as readonly PresetName[];

const WIDTH = 3;

/** Nine numbers. */
const cells: Field<readonly number[]> = {
  initial: presets["left edges"].cells,
  print: (value) => value.join("*"),
  parse: (text) => {
    const values = text.split("*").map(cellValue);
    return values.length === WIDTH * WIDTH && values.every((value) => value !== undefined) ? values : undefined;
  },
};

/** What the panel's state is made of. */
export const kernelsFields = {
  image: choice("house", sampleNames),
  /** What the reader has drawn instead. */
  sheet: inkField(SIDE),
  cells,
  divisor: whole(1, 1, 16),
  border: choice("replicate", ["zero", "replicate", "reflect", "wrap", "none"] as const),
  /** Whether the kernel is turned by half a turn first, as mathematicians do. */
  flip: flag(false),
  /** A second kernel on the result of the first. */
  next: choice("nothing", ["nothing", ...presetNames] as const),
  /** The pixel that is looked at, counted from 1. */
  row: whole(34, 1, SIDE),
  column: whole(11, 1, SIDE),
};
/** The panel's state. */
export type KernelsState = StateOf<typeof kernelsFields>;

/** Greys of a drawing. */
const [PAPER, INK] = [0.91, 0.09];

/** The ink on the reader's sheet. */
export const inkOf = ({ sheet }: Pick<KernelsState, "sheet">): Float32Array => inkOn(sheet, SIDE);

/** A drawing as an image, dark on light. */
export const greysOf = (ink: Float32Array): Float32Array => ink.map((level) => PAPER + level * (INK - PAPER));

/** The image that the address names: a sample, or what the reader has drawn. */
export const imageOf = (state: Pick<KernelsState, "image" | "sheet">): Float32Array =>
  state.sheet === NO_INK ? sample(state.image) : greysOf(inkOf(state));

/** A product under the kernel. */
export interface Product {
  readonly pixel: number;
  readonly weight: number;
  /** Whether the pixel is no part of the image but of its border. */
  readonly isBorder: boolean;
}

/** The kernel as it is applied, row-major, divided, turned if asked for. */
export function appliedKernel({ cells, divisor, flip }: KernelsState): Float32Array {
  const applied = Float32Array.from(cells, (cell) => cell / divisor);
  return flip ? applied.reverse() : applied;
}

/** The name of a kernel; none for one of the reader's own. */
export const nameOf = ({ cells, divisor }: KernelsState): PresetName | undefined =>
  presetNames.find((name) => presets[name].divisor === divisor && presets[name].cells.join() === cells.join());

/** Rows and columns that the result has fewer on each side. */
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
  bias: new Float32Array(1),
  stride: 1,
  padding: border === "none" ? 0 : 1,
  border: border === "none" ? "zero" : border,
  dilation: 1,
  groups: 1,
  outputGradient: undefined,
});

/** The convolution of an image with the kernel. */
export const requestOf = (state: KernelsState, image: Float32Array): ConvolutionRequest =>
  request(image, SIDE, appliedKernel(state), state.border);

/** The second convolution, of the result of the first. */
export function thenRequestOf(state: KernelsState, result: Float32Array): ConvolutionRequest | undefined {
  if (state.next === "nothing") return undefined;
  const { cells, divisor } = presets[state.next];
  const kernel = Float32Array.from(cells, (cell) => cell / divisor);
  return request(result, Math.round(Math.sqrt(result.length)), kernel, state.border);
}

/**
 * The one kernel of 5 × 5 that does what two of 3 × 3 do one after the other: `both[c] = Σ first[a] · second[c − a]`, which is the
 * convolution of the kernels.
 */
export function composed(first: ArrayLike<number>, second: ArrayLike<number>): number[] {
  const width = 2 * WIDTH - 1;
  const both = new Array<number>(width * width).fill(0);
  for (let a = 0; a < first.length; a++)
    for (let b = 0; b < second.length; b++) {
      const row = Math.floor(a / WIDTH) + Math.floor(b / WIDTH);
      both[row * width + (a % WIDTH) + (b % WIDTH)]! += first[a]! * second[b]!;
    }
  return both;
}

/** Where a place beyond the border gets its pixel from; `undefined` for a zero. */
function source(at: number, border: KernelsState["border"]): number | undefined {
  if (at >= 0 && at < SIDE) return at;
  if (border === "wrap") return (at + SIDE) % SIDE;
  if (border === "replicate") return at < 0 ? 0 : SIDE - 1;
  if (border === "reflect") return at < 0 ? -at : 2 * (SIDE - 1) - at;
  return undefined;
}

/** The pixel that is looked at, held within the places that the kernel has. */
export function lookedAt(
  state: KernelsState,
  { row, column }: { readonly row: number; readonly column: number },
): {
  readonly row: number;
  readonly column: number;
} {
  const lost = lostBy(state);
  const clamp = (at: number): number => Math.max(lost, Math.min(SIDE - 1 - lost, at));
  return { row: clamp(row), column: clamp(column) };
}

/** The nine products that are added at one place of the image. */
export function productsOf(
  state: KernelsState,
  image: ArrayLike<number>,
  { row, column }: { readonly row: number; readonly column: number },
): Product[] {
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

/** What the sum of a kernel's cells says about it. */
export function sumSentence({ cells, divisor }: KernelsState): string {
  const sum = cells.reduce((a, b) => a + b, 0) / divisor;
  const written = String(Math.round(sum * 100) / 100 + 0).replace("-", "−");
  if (Math.abs(sum) < 1e-9) return "The cells add up to 0: flat areas give 0, only changes are left.";
  if (Math.abs(sum - 1) < 1e-9) return "The cells add up to 1: flat areas stay as they are.";
  return `The cells add up to ${written}: flat areas come out ${written} times as bright.`;
}

/** The same as the lines of a program. */
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
