import type { ShapesAnswer, ShapesRequest } from "../../compute/shapes.ts";
import { choice, whole, type StateOf } from "../../fields.ts";
import { drawShape, FAR, joined, shapeNames, shapeTemplates, SIDE, strokeFilters, strokes } from "../../draw/shapes.ts";

/** What the panel's state is made of. */
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

/** The number of a place among all that a shape can be moved to, row by row. */
export const placeOf = ({ down, right }: Pick<ShiftState, "down" | "right">): number =>
  (down + FAR) * PLACES + right + FAR;

/** The place in the middle. */
export const MIDDLE = placeOf({ down: 0, right: 0 });

/** What the worker is to compute: the shape at every place, compared with all shapes in the middle. */
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
  const filters = strokes.length;
  return Float32Array.from({ length: side * side }, (_, i) => maps[(image * side * side + i) * filters + filter]!);
}

/** How many numbers of an image's maps are not what they are with the shape in the middle. */
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

/** The share that each shape gets at one place. */
export const scoresAt = ({ scores }: ShapesAnswer, image: number): Float32Array =>
  scores.slice(image * shapeNames.length, (image + 1) * shapeNames.length);

/** The share that the shape itself gets, for every place that it can be moved to. */
export function ownScores({ scores }: ShapesAnswer, shape: ShiftState["shape"]): Float32Array {
  const own = shapeNames.indexOf(shape);
  return Float32Array.from({ length: PLACES * PLACES }, (_, i) => scores[i * shapeNames.length + own]!);
}

/** At how many places the shape gets the largest share. */
export function rightAt(answer: ShapesAnswer, shape: ShiftState["shape"]): number {
  const own = shapeNames.indexOf(shape);
  return Array.from({ length: PLACES * PLACES }, (_, i) => scoresAt(answer, i)).filter(
    (shares) => shares[own] === Math.max(...shares),
  ).length;
}

/** The same as the lines of a program. */
export function codeOf({ kind, block }: ShiftState): string {
  const name = { max: "maxPool2d", average: "averagePool2d", L2: "lpPool2d" }[kind];
  return [
    `const maps = relu(conv2d(image, lines, { padding: "same" })); // [1, ${SIDE}, ${SIDE}, ${strokes.length}]`,
    block === "1" ? "const kept = maps;" : `const kept = ${name}(maps, { kernelSize: ${block} });`,
    "const code = flatten(kept);",
    "const scores = softmax(multiply(matmul(divide(code, sqrt(sum(square(code)))), templates), 12));",
  ].join("\n");
}
