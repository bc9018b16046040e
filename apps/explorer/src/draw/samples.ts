/** Height and width of the sample images. */
export const SIDE = 64;

/** A picture as a function of place, both from 0 to 1, to a brightness from 0 to 1. */
type Picture = (x: number, y: number) => number;

const within = (value: number, from: number, to: number): boolean => value >= from && value < to;

/** A house: edges in every direction, flat areas, a soft sky. */
const house: Picture = (x, y) => {
  if (Math.hypot(x - 0.82, y - 0.17) < 0.09) return 1;
  if (within(y, 0.3, 0.5) && Math.abs(x - 0.42) < (y - 0.3) * 1.6) return 0.25;
  if (within(x, 0.16, 0.68) && within(y, 0.5, 0.82)) {
    if (within(x, 0.24, 0.36) && within(y, 0.57, 0.69))
      return Math.abs(x - 0.3) < 0.01 || Math.abs(y - 0.63) < 0.01 ? 0.9 : 0.3;
    if (within(x, 0.47, 0.58) && y > 0.6) return 0.2;
    return 0.95;
  }
  if (y > 0.82) return 0.35;
  if (x > 0.74 && y > 0.6) return Math.floor((x - 0.74) * 32) % 2 === 0 ? 0.9 : 0.45;
  return 0.55 + 0.25 * (1 - y);
};

/** Rings that get closer, from coarse to fine. */
const rings: Picture = (x, y) => 0.5 + 0.5 * Math.cos(95 * ((x - 0.5) ** 2 + (y - 0.5) ** 2));

/** A square of one brightness on a ground of another. */
const square: Picture = (x, y) => (within(x, 0.28, 0.72) && within(y, 0.28, 0.72) ? 0.85 : 0.25);

/** A gradient without edges. */
const slope: Picture = (x, y) => 0.15 + 0.7 * (0.7 * x + 0.3 * y);

const pictures = { house, rings, square, slope };

/** The pictures by name. */
export const sampleNames = ["house", "rings", "square", "slope"] as const;
/** One of the pictures. */
type SampleName = (typeof sampleNames)[number];

/** Points along each side of a pixel that are averaged. */
const FINE = 3;

/** A sample image, row-major, {@link SIDE} × {@link SIDE}. */
export function sample(name: SampleName): Float32Array {
  const picture = pictures[name];
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    let sum = 0;
    for (let fine = 0; fine < FINE * FINE; fine++)
      sum += picture(
        ((i % SIDE) + ((fine % FINE) + 0.5) / FINE) / SIDE,
        (Math.floor(i / SIDE) + (Math.floor(fine / FINE) + 0.5) / FINE) / SIDE,
      );
    return sum / (FINE * FINE);
  });
}
