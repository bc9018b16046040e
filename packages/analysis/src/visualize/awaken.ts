import { absolute, equal, greater, less, max, maximum, where, type GradientRule } from "@convlens/tensor";

/**
 * Backward through a relu that is silent for a whole example: instead of nothing, what would wake its units up passes. What is
 * silent at the start, as most single units are, could else never be reached. (For a loss that is to fall, those are negative
 * slopes.)
 */
export const awaken: GradientRule = (dy, y) => {
  if (y.operation !== "relu" || y.rank === 0) return undefined;
  const own = where(greater(y, 0), dy, 0);
  const waking = where(maximum(greater(y, 0), less(dy, 0)), dy, 0);
  const axes = y.shape.map((_, axis) => axis).slice(1);
  const nothing = equal(max(absolute(own), axes, { keepAxes: true }), 0);
  return [where(nothing, waking, own)];
};
