/** Positions in an 8 × 8 block, row by row, of the coefficients in file order: along the diagonals. */
export const zigzag: Uint8Array = Uint8Array.from(
  Array.from({ length: 64 }, (_, place) => place).sort((a, b) => {
    const diagonal = (place: number): number => (place >> 3) + (place & 7);
    const [first, second] = [diagonal(a), diagonal(b)];
    // Odd diagonals go down, even ones up.
    return first - second || (first % 2 === 1 ? a - b : b - a);
  }),
);
