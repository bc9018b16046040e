import type { Operator } from "./node.ts";
import { activations } from "./operators/activations.ts";
import { arithmetic } from "./operators/arithmetic.ts";
import { convolutions } from "./operators/convolution.ts";
import { dropouts } from "./operators/dropout.ts";
import { movement } from "./operators/movement.ts";
import { normalization } from "./operators/normalization.ts";
import { pooling } from "./operators/pooling.ts";
import { products } from "./operators/products.ts";
import { quantization } from "./operators/quantization.ts";
import { reductions } from "./operators/reduction.ts";
import { resizing } from "./operators/resizing.ts";
import { shapes } from "./operators/shapes.ts";

/** Operators by family. */
export const families: Readonly<Record<string, Readonly<Record<string, Operator>>>> = {
  Convolution: convolutions,
  Pooling: pooling,
  Products: products,
  Normalization: normalization,
  Activations: activations,
  Arithmetic: arithmetic,
  Reductions: reductions,
  Resizing: resizing,
  Movement: movement,
  Shapes: shapes,
  Quantization: quantization,
  Dropout: dropouts,
};

/** What is done for each operator of ONNX. A name that is not here is not supported. */
export const operators: Readonly<Record<string, Operator>> = Object.assign(
  Object.create(null) as Record<string, Operator>,
  ...Object.values(families),
);

/** The newest version of ONNX's set of operators that was read when this was written. */
export const newestOpset = 24;
