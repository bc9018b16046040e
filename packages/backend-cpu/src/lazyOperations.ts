/** Operations that few models need. Their kernels are loaded together, by the first program that needs one. */
export const lazyOperations = [
  "gather",
  "scatter",
  "randomUniform",
  "lpPool2d",
  "lpPool2dGradient",
  "resize",
  "resizeGradient",
  "moments",
  "normalize",
  "normalizeSums",
  "normalizeGradient",
] as const;

/** The name of such an operation. */
export type LazyOperation = (typeof lazyOperations)[number];
