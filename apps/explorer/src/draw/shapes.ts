/** Height and width of an image with one shape. */
export const SIDE = 16;
/** Pixels that a shape can be moved to each side. */
export const FAR = 4;

/** The shapes by name. */
export const shapeNames = ["cross", "square", "seven", "hook"] as const;
/** One of the shapes. */
type ShapeName = (typeof shapeNames)[number];

/** Eight rows of eight pixels, drawn in the middle of an image. */
const drawings: Readonly<Record<ShapeName, readonly string[]>> = {
  cross: ["#......#", ".#....#.", "..#..#..", "...##...", "...##...", "..#..#..", ".#....#.", "#......#"],
  square: ["########", "#......#", "#......#", "#......#", "#......#", "#......#", "#......#", "########"],
  seven: ["########", "......#.", ".....#..", "....#...", "...#....", "..#.....", ".#......", "#......."],
  hook: ["#.......", "#.......", "#.......", "#.......", "#.......", "#.......", "#.......", "########"],
};

/** Height and width of a shape. */
const SHAPE = 8;

/** The directions of lines that the filters detect, in this order. */
export const strokes = ["upright", "level", "rising", "falling"] as const;

/** Filters for lines: twice the pixels on the line, minus those beside it. Row by row. */
const LINES = [
  [-1, 2, -1, -1, 2, -1, -1, 2, -1],
  [-1, -1, -1, 2, 2, 2, -1, -1, -1],
  [-1, -1, 2, -1, 2, -1, 2, -1, -1],
  [2, -1, -1, -1, 2, -1, -1, -1, 2],
];

/** Filters `[3, 3, 1, 4]` for {@link strokes}. */
export const strokeFilters = (): Float32Array =>
  Float32Array.from({ length: 9 * LINES.length }, (_, i) => LINES[i % LINES.length]![Math.floor(i / LINES.length)]!);

/** Puts a shape into an image, its upper left corner at `row` and `column`. */
export function putShape(image: Float32Array, side: number, name: ShapeName, row: number, column: number): void {
  for (const [y, line] of drawings[name].entries())
    for (const [x, pixel] of [...line].entries()) if (pixel === "#") image[(row + y) * side + column + x] = 1;
}

/** A shape on an empty image, `down` and `right` pixels from its middle; row-major, 0 or 1. */
export function drawShape(name: ShapeName, down: number, right: number): Float32Array {
  const image = new Float32Array(SIDE * SIDE);
  const first = (SIDE - SHAPE) / 2;
  putShape(image, SIDE, name, first + down, first + right);
  return image;
}

/** Images concatenated into one array. */
export function joined(images: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(images.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const image of images) {
    all.set(image, at);
    at += image.length;
  }
  return all;
}

/** All shapes, each in the middle of an image. */
export const shapeTemplates = (side: number): Float32Array =>
  joined(
    shapeNames.map((name) => {
      const image = new Float32Array(side * side);
      putShape(image, side, name, (side - SHAPE) / 2, (side - SHAPE) / 2);
      return image;
    }),
  );
