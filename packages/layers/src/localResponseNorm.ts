import { localResponseNorm, countOption, finiteOption, type LocalResponseNormOptions } from "@convlens/tensor";
import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

/** Divides each number by the activity of its neighbouring channels, as in AlexNet (Krizhevsky 2012). */
export const LocalResponseNorm: FunctionLayerClass<LocalResponseNormOptions> = /* @__PURE__ */ functionLayer(
  "LocalResponseNorm",
  localResponseNorm,
  { size: countOption, alpha: finiteOption, beta: finiteOption, k: finiteOption },
);
