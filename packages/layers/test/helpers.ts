import { Random, sizeOf, type Shape } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { tensor, useBackend, type Tensor } from "@convlens/tensor";
import { build, type Layer } from "../src/index.ts";

/** Makes all tests of a file compute in float64. */
export const useFloat64 = (): void => useBackend(reference({ precision: "float64" }));

/** Numbers between -1 and 1. */
export const some = (shape: Shape, seed = 1): Tensor => tensor(new Random(seed).uniform(sizeOf(shape), -1, 1), shape);

/** Fills every parameter of a layer with random numbers, also biases and scales. */
export function ready<L extends Layer>(layer: L, x: Tensor, seed = 3): L {
  build(layer, x.shape.slice(1), { seed });
  let stream = 0;
  for (const value of Object.values(layer) as { write?: (values: ArrayLike<number>) => void; size: number }[])
    value?.write?.(new Random(seed, ++stream).uniform(value.size, 0.25, 1));
  return layer;
}
