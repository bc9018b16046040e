/** A number with at most two decimals and a real minus sign. */
export function shown(value: number): string {
  // Halves are rounded away from zero on both sides, so that symmetric numbers look symmetric.
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * 100)) / 100 + 0;
  return String(rounded).replace("-", "−");
}

/** A number as a factor or a summand: in brackets if it is negative. */
export const bracketed = (value: number): string => (value < 0 ? `(${shown(value)})` : shown(value));

/** A whole number with thousands separators: `34,944`. `toLocaleString` takes too long when it is first called. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

/** A share as a percentage. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** A count and its noun: "1 row", "3 rows". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`;

/** The difference of two results. */
export const difference = (value: number): string =>
  value === 0 ? "none, to the last bit" : value.toExponential(1).replace("e-", " · 10^−").replace("e+", " · 10^");

/** The class of a number's sign in style sheets. */
export const signOf = (value: number): "negative" | "positive" | "" =>
  value < 0 ? "negative" : value > 0 ? "positive" : "";
