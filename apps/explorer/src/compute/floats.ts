import { evaluate, type Tensor } from "@convlens/tensor";

type Floats<Tensors> = { -readonly [I in keyof Tensors]: Float32Array };

/** Evaluates tensors in one run. Answers of the worker contain their values in single precision. */
export async function floats<const Tensors extends readonly Tensor[]>(...tensors: Tensors): Promise<Floats<Tensors>> {
  return (await evaluate(...tensors)).map((values) => Float32Array.from(values)) as Floats<Tensors>;
}
