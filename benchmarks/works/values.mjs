// Values of the tensors of workloads.
import { Random } from "@convlens/backend";

const sizeOf = (shape) => shape.reduce((size, length) => size * length, 1);

/** Initial values, the same for the same name. */
export function valuesOf(name, { shape, deviation = 1, classes }) {
  const random = new Random(1).split(name);
  const size = sizeOf(shape);
  if (classes !== undefined) return Float32Array.from({ length: size }, () => random.integer(classes));
  return random.normal(size, 0, deviation);
}
