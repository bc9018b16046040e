import { absolute, equal, greater, less, max, maximum, where, type GradientRule } from "@convlens/tensor";

/**
 * Gradient rule for a ReLU that is 0 for a whole example: negative gradients, which would activate its units, pass. Otherwise an
 * objective that is inactive at the start could never be reached.
 */
export const awaken: GradientRule = (dy, y) => {
  if (y.operation !== "relu" || y.rank === 0) return undefined;
  const own = where(greater(y, 0), dy, 0);
  const waking = where(maximum(greater(y, 0), less(dy, 0)), dy, 0);
  const axes = y.shape.map((_, axis) => axis).slice(1);
  const nothing = equal(max(absolute(own), axes, { keepAxes: true }), 0);
  return [where(nothing, waking, own)];
};
