import { UsageError, ValueError } from "@convlens/backend";
import { mapTensors, showShapes, Tensor } from "@convlens/tensor";
import { checkTensors, type Layer, type Mode } from "./layer.ts";

/** Options of {@link restrict}. */
export interface RestrictOptions {
  /** Name of the input that stays an input: `image`, or `0` in a tuple. Not needed for a single one. */
  readonly input?: string;
  /** Name of the output: `label`, or `0` in a tuple. Not needed for a single one. */
  readonly output?: string;
}

/** The tensors of a tuple or record by their names; `""` for a single tensor. */
export function namedTensors(tensors: unknown): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  mapTensors(tensors, (t, name) => found.set(name, t));
  return found;
}

/**
 * Returns the input or output of a model that takes or returns one tensor.
 *
 * @param operation - The function that needs it, for the error.
 * @throws `UsageError` for a tuple or record of several, or a value that does not consist of tensors.
 */
export function singleTensor(what: "input" | "output", tensors: unknown, operation?: string): Tensor {
  if (tensors instanceof Tensor) return tensors;
  checkTensors(`the ${what} of the model`, tensors, "make one of numbers: tensor(values, shape)", operation);
  const found = namedTensors(tensors);
  const shapes = Object.fromEntries([...found].map(([name, { shape }]) => [name, shape]));
  throw new UsageError({
    operation,
    expected: `a model with a single ${what}`,
    got: shapes,
    gotWords: `one with ${found.size}: ${showShapes(shapes)}`,
    fix: "choose one with restrict(model, x, { input, output })",
  });
}

/** @throws `ValueError` if there is no tensor of this name. */
function choose(what: "input" | "output", tensors: ReadonlyMap<string, Tensor>, name: string | undefined): string {
  const names = [...tensors.keys()];
  const chosen = name ?? (names.length === 1 ? names[0]! : undefined);
  if (chosen !== undefined && tensors.has(chosen)) return chosen;
  throw new ValueError({
    operation: "restrict",
    what,
    expected: `one of ${names.map((each) => `"${each}"`).join(", ")}`,
    got: name,
  });
}

/**
 * Restricts a model with several inputs or outputs to one of each: a model that takes one tensor and returns one, with the other
 * inputs as they are given here. Its layers and variables are those of the model, with the same paths. For explanations and other
 * analysis of one input.
 *
 * @param x - The inputs of the model, `[n, …]` each.
 * @throws `ValueError` for an unknown name, or none where there are several.
 *
 * @example
 * ```ts
 * class Sum implements Layer<{ left: Tensor; right: Tensor }> {
 *   call({ left, right }: { left: Tensor; right: Tensor }): Tensor {
 *     return add(left, right);
 *   }
 * }
 * const increment = restrict(new Sum(), { left: tensor([0]), right: tensor([1]) }, { input: "left" });
 * await predict(increment, tensor([4])); // 5
 * ```
 */
export function restrict<Input, Output>(
  model: Layer<Input, Output>,
  x: NoInfer<Input>,
  options: RestrictOptions = {},
): Layer {
  const input = choose("input", namedTensors(x), options.input);
  const call = (point: Tensor, mode?: Mode): Tensor => {
    const inputs = mapTensors(x, (t, name) => (name === input ? point : t)) as Input;
    // For the model, the mode is as if it were called itself.
    const outputs = namedTensors(
      model.call(inputs, { ...mode, ...(mode?.caller && { caller: { ...mode.caller, layer: model } }) }),
    );
    return outputs.get(choose("output", outputs, options.output))!;
  };
  // An object of the same class and fields, so that paths stay the same.
  return Object.assign(Object.create(Object.getPrototypeOf(model) as object) as object, model, { call });
}
