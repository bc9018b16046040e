import { flatten } from "@convlens/tensor";
import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

/** Flattens maps for a {@link Dense}: `[n, …] → [n, size]`. */
export const Flatten: FunctionLayerClass = /* @__PURE__ */ functionLayer("Flatten", (x) => flatten(x), {});
