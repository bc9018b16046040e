import { checkValue, ValueError, type Shape } from "@convlens/backend";
import { evaluate, mapTensors, tensorsIn, type Tensor, type Tensors } from "@convlens/tensor";
import { compiledFor } from "./compiledFor.ts";
import { compileModel } from "./compileModel.ts";
import { apply, checkTensors, layerOption, typeOf, type Layer, type Mode } from "./layer.ts";
import { nameVariables } from "./parameter.ts";
import { noteRecording } from "./reachable.ts";
import { noteShapes } from "./recordedShapes.ts";

function checkCall(operation: string, model: unknown, x: unknown): void {
  checkValue(operation, "model", model, layerOption);
  checkTensors(`the input of ${operation}`, x, "make one of numbers: tensor(values, shape)");
}

/**
 * Records the output of a whole model for a batch. Variables get their paths, which decide the first values of new ones.
 *
 * @throws `ValueError` if the model is not a layer; `UsageError` if the input does not consist of tensors.
 */
export function recordForward<Input, Output>(model: Layer<Input, Output>, x: Input, mode?: Mode): Output {
  const expected = layerOption(model);
  if (expected !== undefined) throw new ValueError({ what: "the model", expected, got: model });
  const y = apply(model, x, mode);
  noteShapes(model, x as Tensors);
  nameVariables(model);
  noteRecording(model, tensorsIn(y as Tensors));
  return y;
}

/**
 * Computes the output of a model for a batch, as outside of training; its values are known. The model is compiled once for
 * each shape, and again after it has changed: when a layer, a variable or an option was replaced, added or removed.
 *
 * @param x - `[n, …]`, or a tuple or record of tensors, as the model takes them.
 *
 * @example
 * ```ts
 * const logits = await predict(model, images);
 * logits.knownValues;
 * ```
 */
export async function predict<Input, Output>(model: Layer<Input, Output>, x: Input): Promise<Output> {
  checkCall("predict", model, x);
  const run = compiledFor(model, predict, () =>
    compileModel(model, (input: Tensors) => recordForward(model, input as Input) as Tensors),
  );
  return (await run(x as Tensors)) as Output;
}

/** The output of one layer for a batch. */
export interface Activation {
  /** Path of the layer. */
  readonly path: string;
  /** Name of the layer's class. */
  readonly type: string;
  /** Name of the tensor, if the layer returns a tuple or record of tensors. */
  readonly part?: string;
  readonly shape: Shape;
  /** Row-major. */
  readonly values: ArrayLike<number>;
}

/**
 * Computes the outputs of every layer of a model for a batch, in the order of the calls, a container after its layers.
 *
 * @example
 * ```ts
 * for (const { path, type, shape } of await activations(model, images)) console.log(path, type, shape);
 * ```
 */
export async function activations<Input>(model: Layer<Input, unknown>, x: Input): Promise<Activation[]> {
  checkCall("activations", model, x);
  const taps: { readonly output: Tensor; readonly of: Omit<Activation, "values"> }[] = [];
  recordForward(model, x, {
    watch: (path, layer, outputs) =>
      void mapTensors(outputs, (output, part) =>
        taps.push({ output, of: { path, type: typeOf(layer), ...(part !== "" && { part }), shape: output.shape } }),
      ),
  });
  const values = await evaluate(...taps.map(({ output }) => output));
  return taps.map(({ of }, i) => ({ ...of, values: values[i]! }));
}
