import type { Shape } from "@convlens/backend";
import { evaluate, Tensor } from "@convlens/tensor";
import { compiledFor } from "./compiledFor.ts";
import { compileModel } from "./compileModel.ts";
import { apply, isLayer, namePaths, notLayer, notTensor, typeOf, type Layer, type Mode } from "./layer.ts";
import { beginByPath } from "./parameter.ts";
import { noteRecording } from "./reachable.ts";

/** Refuses anything but a model and a tensor. */
function checkCall(operation: string, model: unknown, x: unknown): void {
  if (!isLayer(model)) throw notLayer(operation, model);
  if (!(x instanceof Tensor))
    throw notTensor(`the input of ${operation}`, x, "make one of numbers: tensor(values, shape)");
}

/** Records what a whole model makes of a batch: its layers and variables get their paths, and fresh parameters begin by them. */
export function recordForward(model: Layer, x: Tensor, mode?: Mode): Tensor {
  namePaths(model);
  const y = apply(model, x, mode);
  namePaths(model);
  beginByPath(model);
  noteRecording(model, [y]);
  return y;
}

/**
 * What a model makes of a batch, outside of training; its values are known. The model is compiled once for each shape, and
 * again once it has changed: when a layer, a variable or an option was replaced, added or taken away.
 *
 * @param x - `[n, …]`
 *
 * @example
 * ```ts
 * const logits = await predict(model, images);
 * logits.values;
 * ```
 */
export async function predict(model: Layer, x: Tensor): Promise<Tensor> {
  checkCall("predict", model, x);
  const run = compiledFor(model, predict, () => compileModel(model, (input: Tensor) => recordForward(model, input)));
  return run(x);
}

/** What one layer made of a batch. */
export interface Activation {
  /** Where the layer stands. */
  readonly path: string;
  /** Its class. */
  readonly type: string;
  readonly shape: Shape;
  /** Row-major. */
  readonly values: ArrayLike<number>;
}

/**
 * What every layer of a model makes of a batch, in the order that they are called: those within others too, a container after
 * what it contains.
 *
 * @example
 * ```ts
 * for (const { path, type, shape } of await activations(model, images)) console.log(path, type, shape);
 * ```
 */
export async function activations(model: Layer, x: Tensor): Promise<Activation[]> {
  checkCall("activations", model, x);
  const taps: { readonly path: string; readonly layer: Layer; readonly output: Tensor }[] = [];
  recordForward(model, x, { watch: (path, layer, output) => void taps.push({ path, layer, output }) });
  const values = await evaluate(...taps.map(({ output }) => output));
  return taps.map(({ path, layer, output }, i) => ({
    path,
    type: typeOf(layer),
    shape: output.shape,
    values: values[i]!,
  }));
}
