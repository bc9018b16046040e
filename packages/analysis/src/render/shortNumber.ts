/**
 * A number with three significant digits.
 *
 * @example
 * ```ts
 * shortNumber(138357544); // "138M"
 * ```
 */
export function shortNumber(x: number): string {
  if (!Number.isFinite(x)) return `${x}`;
  const size = Math.abs(x);
  if (size >= 1e12) return `${+(x / 1e12).toPrecision(3)}T`;
  if (size >= 1e9) return `${+(x / 1e9).toPrecision(3)}G`;
  if (size >= 1e6) return `${+(x / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(x / 1e3).toPrecision(3)}k`;
  return `${+x.toPrecision(3)}`.replace("-", "−");
}
