import { ShapeError, type OptionCheck, type Shape } from "@convlens/backend";
import { reshape, transpose } from "@convlens/tensor";
import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

/** Options of {@link Reshape}. */
export interface ReshapeOptions {
  /** Shape of one example. One size may be −1; it follows from the others. */
  readonly shape: Shape;
}

/** Options of {@link Permute}. */
export interface PermuteOptions {
  /** Axes of the input in the order of the output; the batch axis 0 stays the first. */
  readonly order: readonly number[];
}

const shapeOption: OptionCheck = (value) =>
  Array.isArray(value) &&
  value.every((size) => Number.isSafeInteger(size) && size >= -1) &&
  value.filter((size) => size === -1).length <= 1
    ? undefined
    : "the shape of one example, an array of whole numbers of which one may be -1";

const orderOption: OptionCheck = (value) =>
  Array.isArray(value) && value[0] === 0 && value.every((_, axis) => value.includes(axis))
    ? undefined
    : "a permutation of the axes that begins with 0, the batch, such as [0, 3, 1, 2]";

/**
 * Gives each example another shape: `[n, …] → [n, ...shape]`.
 *
 * @throws `ShapeError` if the sizes differ.
 *
 * @example
 * ```ts
 * sequential([new Dense({ units: 7 * 7 * 8 }), new Reshape({ shape: [7, 7, 8] }), new Upsample()]);
 * ```
 */
export const Reshape: FunctionLayerClass<ReshapeOptions> = /* @__PURE__ */ functionLayer<ReshapeOptions>(
  "Reshape",
  (x, { shape }) => reshape(x, [x.shape[0] ?? 1, ...shape]),
  { shape: shapeOption },
  ["shape"],
);

/**
 * Permutes the axes of each example: with `order: [0, 3, 1, 2]`, `[n, h, w, c] → [n, c, h, w]`.
 *
 * @throws `ShapeError` for an input of another rank.
 *
 * @example
 * ```ts
 * new Permute({ order: [0, 2, 1] }); // [n, l, c] → [n, c, l]
 * ```
 */
export const Permute: FunctionLayerClass<PermuteOptions> = /* @__PURE__ */ functionLayer<PermuteOptions>(
  "Permute",
  (x, { order }) => {
    if (x.rank !== order.length) throw new ShapeError({ expected: `an input of ${order.length} axes`, got: x.shape });
    return transpose(x, order);
  },
  { order: orderOption },
  ["order"],
);
