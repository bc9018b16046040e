import { windowFit } from "@convlens/analysis";
import type { SurgeryAnswer, SurgeryRequest } from "../../compute/surgery.ts";
import { putShape, shapeNames, shapeTemplates, strokeFilters } from "../../draw/shapes.ts";
import { choice, whole, type StateOf } from "../../fields.ts";
import { channelOf } from "../../numbers.ts";

/** Height and width of the large image. */
export const LARGE = 34;
/** Height and width of the images that the net was made for: a shape, and one pixel around it. */
export const CROP = 10;
/** Crops along a side of the large image: one for every second pixel. */
export const POSITIONS = 13;

/** Fields of the panel's state. */
export const surgeryFields = {
  /** The class whose scores are shown. */
  shape: choice("cross", shapeNames),
  padding: choice("0", ["0", "1"] as const),
  /** The selected crop, counted from 1. */
  row: whole(2, 1, POSITIONS),
  column: whole(2, 1, POSITIONS),
};
/** The panel's state. */
export type SurgeryState = StateOf<typeof surgeryFields>;

/** Places of the shapes: each is in the middle of a crop. */
const PLACES = [
  { name: "cross", row: 3, column: 3 },
  { name: "square", row: 3, column: 21 },
  { name: "seven", row: 23, column: 5 },
  { name: "hook", row: 21, column: 23 },
] as const;

/** The large image, row-major. */
export function largeImage(): Float32Array {
  const image = new Float32Array(LARGE * LARGE);
  for (const { name, row, column } of PLACES) putShape(image, LARGE, name, row, column);
  return image;
}

/** The request for the worker. */
export const requestOf = ({ padding }: Pick<SurgeryState, "padding">): SurgeryRequest => ({
  image: largeImage(),
  side: LARGE,
  templates: shapeTemplates(CROP),
  crop: CROP,
  filters: strokeFilters(),
  padding: Number(padding),
});

/** The scores of one class at all positions. */
export const mapOf = (scores: Float32Array, shape: SurgeryState["shape"]): Float32Array =>
  channelOf(scores, shapeNames.indexOf(shape), shapeNames.length);

/** The largest difference between the scores of the crop and of the sliding net, for each position. */
export function differences({ crops, sliding }: SurgeryAnswer): Float32Array {
  const classes = shapeNames.length;
  return Float32Array.from({ length: crops.length / classes }, (_, i) =>
    Math.max(...shapeNames.map((_, k) => Math.abs(crops[i * classes + k]! - sliding[i * classes + k]!))),
  );
}

/** Both scores of each class for the selected crop. */
export function scoresAt(
  { crops, sliding }: SurgeryAnswer,
  { row, column }: Pick<SurgeryState, "row" | "column">,
): { readonly name: string; readonly crop: number; readonly sliding: number }[] {
  const first = ((row - 1) * POSITIONS + column - 1) * shapeNames.length;
  return shapeNames.map((name, k) => ({ name, crop: crops[first + k]!, sliding: sliding[first + k]! }));
}

/** A small number: `0`, `0.12`, `3.1 · 10⁻⁷`. */
export function small(value: number): string {
  if (value === 0) return "0";
  if (value >= 0.01) return value.toFixed(2);
  const power = Math.floor(Math.log10(value));
  const digits = [...String(-power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
  return `${(value / 10 ** power).toFixed(1)} · 10⁻${digits}`;
}

/** The first fully connected layer of VGG-16 as a convolution on an image of 384 × 384: weights, and positions along a side. */
export const vgg = {
  weights: 7 * 7 * 512 * 4096,
  positions: windowFit({ input: 384 / 32, window: 7 }).output,
};

/** The program that the panel shows. */
export const codeOf = ({ padding }: SurgeryState): string =>
  [
    `const net = sequential([`,
    `  new Conv2d({ filters: 4, kernelSize: 3, padding: ${padding} }), new ReLU(), new MaxPool2d({ kernelSize: 2 }),`,
    `  new Flatten(), new Dense({ units: 4, bias: false }),`,
    `]);`,
    `const sliding = toConvolutional(net, [${CROP}, ${CROP}, 1]); // with the same weights`,
    `const scores = await predict(sliding, image); // [1, ${LARGE}, ${LARGE}, 1] → [1, ${POSITIONS}, ${POSITIONS}, 4]`,
    `const { largest } = await slidingError(net, [${CROP}, ${CROP}, 1], image);`,
  ].join("\n");
