import { mapTensors, type Shapes, type Tensors } from "@convlens/tensor";

const recorded = /* @__PURE__ */ new WeakMap<object, Shapes>();

/** Remembers the shapes of the inputs that a model is recorded for. */
export const noteShapes = (model: object, x: Tensors): void =>
  void recorded.set(model, mapTensors(x, ({ shape }) => shape) as Shapes);

/**
 * Returns the shapes `[n, …]` of the inputs that a model was built or recorded for last; `undefined` if it was not yet.
 *
 * @example
 * ```ts
 * const net = sequential([new Flatten(), new Dense({ units: 2 })]);
 * build(net, [8, 8, 1]);
 * recordedShapes(net); // [1, 8, 8, 1]
 * ```
 */
export const recordedShapes = (model: object): Shapes | undefined => recorded.get(model);
