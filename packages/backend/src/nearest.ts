/** Number of letters to insert, delete or replace to turn one text into the other (Levenshtein 1965). */
function distance(a: string, b: string): number {
  // The distances of the first i letters of `a` to the first 1, 2, … letters of `b`.
  let row = Array.from(b, (_, j) => j + 1);
  let last = b.length;
  for (let i = 0; i < a.length; i++) {
    let corner = i;
    last = i + 1;
    row = row.map((above, j) => {
      last = Math.min(above + 1, last + 1, corner + (a[i] === b[j] ? 0 : 1));
      corner = above;
      return last;
    });
  }
  return last;
}

/**
 * Returns the name that differs least from `name`, for a hint, or one that is a part of it; `undefined` where
 * none is near.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, name.length / 2 + 1);
  for (const other of names) {
    const d = distance(name, other);
    if (d < least) [best, least] = [other, d];
  }
  const lower = name.toLowerCase();
  return best ?? names.find((other) => other.length > 2 && lower.includes(other));
}
