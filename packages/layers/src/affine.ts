import { ShapeError, showShape, type Shape } from "@convlens/backend";
import type { Variable } from "@convlens/tensor";
import { onesInitializer, zerosInitializer } from "./initializers.ts";
import { parameter } from "./parameter.ts";

/** The learned numbers of a normalisation: `normal · scale + shift`. */
export interface Affine {
  scale: Variable | undefined;
  shift: Variable | undefined;
}

/**
 * Returns scale and shift of a layer, which are made as ones and zeros at its first call.
 *
 * @throws `ShapeError` for an input of another size, since broadcasting would stretch a single channel to the number of scales.
 */
export function affineOf(
  layer: Affine,
  shape: Shape,
  input: Shape,
): { readonly scale: Variable; readonly shift: Variable } {
  layer.scale ??= parameter("scale", shape, onesInitializer);
  layer.shift ??= parameter("shift", shape, zerosInitializer);
  const expected = layer.scale.shape;
  if (showShape(expected) !== showShape(shape))
    throw new ShapeError({
      operation: "normalize",
      what: "the normalised axes",
      expected: `${showShape(expected)}, as at the first call`,
      got: shape,
      gotWords: `${showShape(shape)} in ${showShape(input)}`,
    });
  return { scale: layer.scale, shift: layer.shift };
}
