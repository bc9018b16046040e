import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

/** Returns its input: a branch that passes it on, or the place of a layer that was removed. */
export const Identity: FunctionLayerClass = /* @__PURE__ */ functionLayer("Identity", (x) => x, {});
