import type { Random } from "@convlens/backend";
import fc from "fast-check";

/** Places of Infinity and NaN, or none, as fractions of the length of an array. */
export const specialNumbers: fc.Arbitrary<readonly (readonly [place: number, value: number])[]> = fc.array(
  fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.constantFrom(NaN, Infinity, -Infinity)),
  { maxLength: 3 },
);

/** Random numbers from −1 to 1, some of them zero, and special ones at some places. */
export function withSpecial(
  random: Random,
  length: number,
  special: readonly (readonly [place: number, value: number])[],
): Float32Array {
  const values = random.uniform(length, -1, 1).map((v) => (Math.abs(v) < 0.05 ? 0 : v));
  for (const [place, value] of special) values[Math.floor(place * length)] = value;
  return values;
}

/** Fails unless both have NaN and infinities at the same places, and finite numbers that are close. */
export function expectSameClass(got: ArrayLike<number>, want: ArrayLike<number>, what = ""): void {
  let scale = 1;
  for (let i = 0; i < want.length; i++) if (Number.isFinite(want[i])) scale = Math.max(scale, Math.abs(want[i]!));
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i]!, want[i]!];
    if (!(Number.isFinite(b) ? Math.abs(a - b) < 5e-5 * scale : Object.is(a, b)))
      throw new Error(`${what} ${i} is ${a}, the reference says ${b}`);
  }
}
