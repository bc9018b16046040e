import type { ShapesAnswer, ShapesRequest } from "../../compute/shapes.ts";
import { choice, whole, type StateOf } from "../../fields.ts";
import { channelOf, greatestOf, upTo } from "../../numbers.ts";
import { drawShape, FAR, joined, shapeNames, shapeTemplates, SIDE, strokeFilters, strokes } from "../../draw/shapes.ts";

/** Fields of the panel's state. */
export const shiftFields = {
  shape: choice("cross", shapeNames),
  /** Pixels below and to the right of the middle. */
  down: whole(0, -FAR, FAR),
  right: whole(1, -FAR, FAR),
  kind: choice("max", ["max", "average", "L2"] as const),
  /** Height and width of the blocks; 1 for no pooling. */
  block: choice("4", ["1", "2", "4", "8"] as const),
};
/** The panel's state. */
export type ShiftState = StateOf<typeof shiftFields>;

/** Places that a shape can be moved to along a side. */
export const PLACES = 2 * FAR + 1;

/** Index of a place among all that a shape can be moved to, row by row. */
export const placeOf = ({ down, right }: Pick<ShiftState, "down" | "right">): number =>
  (down + FAR) * PLACES + right + FAR;

/** The place in the middle. */
export const MIDDLE = placeOf({ down: 0, right: 0 });

/** The request for the worker: the shape at every place, compared with all shapes in the middle. */
export function requestOf({ shape, kind }: Pick<ShiftState, "shape" | "kind">, block: number): ShapesRequest {
  return {
    images: joined(
      Array.from({ length: PLACES * PLACES }, (_, place) =>
        drawShape(shape, Math.floor(place / PLACES) - FAR, (place % PLACES) - FAR),
      ),
    ),
    templates: shapeTemplates(SIDE),
    side: SIDE,
    filters: strokeFilters(),
    window: { kind, kernelSize: block, stride: block },
  };
}

/** One map of one image: `[side, side]` of `[n, side, side, filters]`. */
export function mapAt(maps: Float32Array, side: number, image: number, filter: number): Float32Array {
  const size = side * side * strokes.length;
  return channelOf(maps.subarray(image * size, (image + 1) * size), filter, strokes.length);
}

/** How many numbers of an image's maps differ from those with the shape in the middle. */
export function changedBy(
  maps: Float32Array,
  side: number,
  image: number,
): { readonly changed: number; readonly all: number } {
  const all = side * side * strokes.length;
  let changed = 0;
  for (let i = 0; i < all; i++) if (Math.abs(maps[image * all + i]! - maps[MIDDLE * all + i]!) > 1e-6) changed++;
  return { changed, all };
}

/** The share of each shape at one place. */
export const scoresAt = ({ scores }: ShapesAnswer, image: number): Float32Array =>
  scores.slice(image * shapeNames.length, (image + 1) * shapeNames.length);

/** The share of the right shape for every place. */
export function ownScores({ scores }: ShapesAnswer, shape: ShiftState["shape"]): Float32Array {
  return channelOf(scores, shapeNames.indexOf(shape), shapeNames.length);
}

/** Number of places at which the shape is classified correctly. */
export function rightAt(answer: ShapesAnswer, shape: ShiftState["shape"]): number {
  const own = shapeNames.indexOf(shape);
  return upTo(PLACES * PLACES).filter((i) => greatestOf(scoresAt(answer, i)).index === own).length;
}

/** The program that the panel shows. */
export function codeOf({ kind, block }: ShiftState): string {
  const name = { max: "maxPool2d", average: "averagePool2d", L2: "lpPool2d" }[kind];
  return [
    `const maps = relu(conv2d(image, lines, { padding: "same" })); // [1, ${SIDE}, ${SIDE}, ${strokes.length}]`,
    block === "1" ? "const kept = maps;" : `const kept = ${name}(maps, { kernelSize: ${block} });`,
    "const code = flatten(kept);",
    "const scores = softmax(multiply(matmul(divide(code, sqrt(sum(square(code)))), templates), 12));",
  ].join("\n");
}
