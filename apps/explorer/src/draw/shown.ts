/** A number to be read: at most two decimals, and a minus that is one. */
export function shown(value: number): string {
  // Halves go away from zero on both sides, so that what is symmetric looks so.
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * 100)) / 100 + 0;
  return String(rounded).replace("-", "−");
}

/** A whole number with its thousands apart: `34,944`. Asking the engine for it costs a long task, the first time. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

/** How far numbers are apart, for people. */
export const difference = (value: number): string =>
  value === 0 ? "none, to the last bit" : value.toExponential(1).replace("e-", " · 10^−").replace("e+", " · 10^");
