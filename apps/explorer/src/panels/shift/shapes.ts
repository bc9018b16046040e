/** Height and width of the images. */
export const SIDE = 16;
/** How far a shape can be moved, to each side. */
export const FAR = 4;

/** The shapes by name. */
export const shapeNames = ["cross", "square", "seven", "hook"] as const;
/** One of the shapes. */
export type ShapeName = (typeof shapeNames)[number];

/** Eight rows of eight pixels, which stand in the middle of an image. */
const drawings: Readonly<Record<ShapeName, readonly string[]>> = {
  cross: ["#......#", ".#....#.", "..#..#..", "...##...", "...##...", "..#..#..", ".#....#.", "#......#"],
  square: ["########", "#......#", "#......#", "#......#", "#......#", "#......#", "#......#", "########"],
  seven: ["########", "......#.", ".....#..", "....#...", "...#....", "..#.....", ".#......", "#......."],
  hook: ["#.......", "#.......", "#.......", "#.......", "#.......", "#.......", "#.......", "########"],
};

/** A shape on an empty image, so many pixels below and to the right of its middle; row-major, 0 or 1. */
export function drawShape(name: ShapeName, down: number, right: number): Float32Array {
  const image = new Float32Array(SIDE * SIDE);
  const first = (SIDE - 8) / 2;
  for (const [row, line] of drawings[name].entries())
    for (const [column, pixel] of [...line].entries())
      if (pixel === "#") image[(row + first + down) * SIDE + column + first + right] = 1;
  return image;
}
