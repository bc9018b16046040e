/** A number to be read: at most two decimals, and a minus that is one. */
export function shown(value: number): string {
  // Halves go away from zero on both sides, so that what is symmetric looks so.
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * 100)) / 100 + 0;
  return String(rounded).replace("-", "−");
}
