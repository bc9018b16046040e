import { sameShape, ShapeError, showShape, type OptionCheck } from "@convlens/backend";
import { add, concat, multiply, tensorsIn, type Tensor, type Tensors } from "@convlens/tensor";
import { functionLayer, type FunctionLayerClass, type NoOptions } from "./functionLayer.ts";

/** Options of {@link Concat}. */
export interface ConcatOptions {
  /** Axis along which the tensors are joined; negative ones count from the end. Default: −1, the channels. */
  readonly axis?: number;
}

const axisOption: OptionCheck = (value) => (Number.isSafeInteger(value) ? undefined : "a whole number");

/**
 * Joins the tensors of a tuple or record, in the order of its fields: `[…, c1], […, c2] → […, c1 + c2]`.
 *
 * @throws `ShapeError` if they differ in another axis.
 *
 * @example
 * ```ts
 * sequential([
 *   each({ image: sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new Flatten()]), meta: new Dense({ units: 4 }) }),
 *   new Concat(),
 *   new Dense({ units: 1 }),
 * ]);
 * ```
 */
export const Concat: FunctionLayerClass<ConcatOptions, Tensors> = /* @__PURE__ */ functionLayer<ConcatOptions, Tensors>(
  "Concat",
  (x, { axis = -1 }) => concat(tensorsIn(x), axis),
  { axis: axisOption },
);

function addAll(x: Tensors): Tensor {
  const [first, ...others] = tensorsIn(x);
  const other = others.find(({ shape }) => !sameShape(shape, first!.shape));
  if (other === undefined) return others.reduce<Tensor>((a, b) => add(a, b), first!);
  throw new ShapeError({ expected: `tensors of one shape, ${showShape(first!.shape)}`, got: other.shape });
}

/**
 * The sum of the tensors of a tuple or record: `[…], […] → […]`. {@link Residual} adds a layer's input to its output.
 *
 * @throws `ShapeError` if their shapes differ.
 *
 * @example
 * ```ts
 * sequential([branches([new Conv2d({ filters: 8, kernelSize: 1 }), new Conv2d({ filters: 8, kernelSize: 1 })]), new Add()]);
 * ```
 */
export const Add: FunctionLayerClass<NoOptions, Tensors> = /* @__PURE__ */ functionLayer("Add", addAll, {});

/**
 * The product of the tensors of a tuple or record. Axes of size 1 are repeated, so that `[n, 1, 1, c]` weighs channels.
 *
 * @throws `ShapeError` for sizes that differ and are not 1.
 *
 * @example
 * ```ts
 * const gate = sequential([
 *   new GlobalAveragePool({ keepAxes: true }),
 *   new Conv2d({ filters: 2, kernelSize: 1 }),
 *   new ReLU(),
 *   new Conv2d({ filters: 8, kernelSize: 1 }),
 *   new HardSigmoid(),
 * ]);
 * sequential([branches([new Identity(), gate]), new Multiply()]); // squeeze and excitation (Hu 2017) of 8 channels
 * ```
 */
export const Multiply: FunctionLayerClass<NoOptions, Tensors> = /* @__PURE__ */ functionLayer(
  "Multiply",
  (x: Tensors) => tensorsIn(x).reduce((a, b) => multiply(a, b)),
  {},
);
