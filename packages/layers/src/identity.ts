import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

/**
 * Returns its input: a branch that passes it on, or the place of a layer that was removed.
 *
 * @example
 * ```ts
 * sequential([branches([new Identity(), new Conv2d({ filters: 8, kernelSize: 3, padding: "same" })]), new Concat()]);
 * ```
 */
export const Identity: FunctionLayerClass = /* @__PURE__ */ functionLayer("Identity", (x) => x, {});
