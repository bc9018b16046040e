/** A number to be read: at most two decimals, and a minus that is one. */
export function shown(value: number): string {
  // Halves go away from zero on both sides, so that what is symmetric looks so.
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * 100)) / 100 + 0;
  return String(rounded).replace("-", "−");
}

/** A whole number with its thousands apart: `34,944`. Asking the engine for it costs a long task, the first time. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
