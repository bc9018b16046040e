import { ValueError, type Shape } from "@convlens/backend";
import {
  layersOf,
  namedTensors,
  recordForward,
  singleTensor,
  variables,
  type AnyLayer,
  type Layer,
  type Mode,
} from "@convlens/layers";
import {
  areTensors,
  isShape,
  mapTree,
  sorted,
  zeros,
  type ShapesOf,
  type Tensor,
  type Variable,
} from "@convlens/tensor";

/** A call of a layer. */
export interface LayerCall {
  /**
   * Name of the call and the tensor: the layer's path; `path#2` for the second call of a layer that is used twice; `path:part`
   * for a tensor in a tuple or record.
   */
  readonly name: string;
  /** Name of the layer's class. */
  readonly type: string;
}

/** A call of a layer and the shape of its output. */
export interface LayerOutput extends LayerCall {
  /** Shape of one example. */
  readonly outputShape: Shape;
}

/** One tensor that a call of a layer returned. A layer that returns a tuple or record of tensors has one for each of them. */
export interface RecordedLayer extends LayerCall {
  /** Path of the layer in its model; `""` for the model itself. */
  readonly path: string;
  readonly layer: AnyLayer;
  /** The tensors that it was given, by their names in a tuple or record: `[n, …]`. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /**
   * The input of a layer that takes one tensor.
   *
   * @throws `UsageError` for a layer with several inputs.
   */
  readonly input: Tensor;
  /** The tensor that it returned: `[n, …]`. */
  readonly output: Tensor;
  /** The operations that it records, without those of layers that it contains, in topological order. */
  readonly operations: readonly Tensor[];
  /** Whether it contains other layers. */
  readonly isContainer: boolean;
}

/** The graph of tensors that a model records. All analysis works on it, so that it applies to every kind of model. */
export interface RecordedModel {
  readonly model: AnyLayer;
  /** The tensors that the model takes, by their names in a tuple or record: `[n, …]`. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** The tensors that the model returns, by their names in a tuple or record: `[n, …]`. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /**
   * The input of a model that takes one tensor.
   *
   * @throws `UsageError` for a model with several inputs.
   */
  readonly input: Tensor;
  /**
   * The output of a model that returns one tensor.
   *
   * @throws `UsageError` for a model with several outputs.
   */
  readonly output: Tensor;
  /** The calls of layers in order; a layer that contains others comes after them. */
  readonly layers: readonly RecordedLayer[];
  /** All tensors that the outputs depend on, in topological order. */
  readonly tensors: readonly Tensor[];
  /** The variables of the model and their paths, by the tensor that stands for their value. */
  readonly variables: ReadonlyMap<Tensor, { readonly path: string; readonly variable: Variable }>;
}

/**
 * Records a model for an input. Nothing is computed until the values of a tensor are requested.
 *
 * @param input - A batch `[n, …]`, or the shape of one example for a batch of one; or a tuple or record of these, as the model
 *   takes it.
 * @param mode - Prediction or training. Training assigns running statistics: record it inside `programOf`.
 *
 * @example
 * ```ts
 * const { layers } = recordModel(lenet5(), [28, 28, 1]);
 * layers.map(({ name, type, output }) => `${name} ${type} ${output.shape}`);
 * ```
 */
export function recordModel<Input, Output>(
  model: Layer<Input, Output>,
  input: NoInfer<Input> | ShapesOf<NoInfer<Input>>,
  mode: Pick<Mode, "training" | "frozen"> = {},
): RecordedModel {
  const x = areTensors(input) ? input : mapTree(input, isShape, (shape: readonly number[]) => zeros([1, ...shape]));
  const inputs = namedTensors(x);
  const seen = new Set<Tensor>(inputs.values());
  const layers: RecordedLayer[] = [];
  const calls = new Map<string, number>();
  const watch: Mode["watch"] = (path, layer, outputs, from) => {
    const inputs = namedTensors(from);
    const given = new Set(inputs.values());
    const call = (calls.get(path) ?? 0) + 1;
    calls.set(path, call);
    for (const [part, output] of namedTensors(outputs)) {
      const operations = sorted([output], (t) => (given.has(t) ? [] : t.inputs)).filter(
        (t) => !given.has(t) && !seen.has(t),
      );
      for (const t of operations) seen.add(t);
      layers.push({
        name: `${path}${call === 1 ? "" : `#${call}`}${part === "" ? "" : `:${part}`}`,
        path,
        type: layer.constructor?.name || "layer",
        layer,
        inputs,
        get input() {
          return singleTensor("input", from);
        },
        output,
        operations: operations.filter((t) => t.operation !== undefined),
        isContainer: layersOf(layer).size > 1,
      });
    }
  };
  const result = recordForward(model, x as Input, { ...mode, watch });
  const outputs = namedTensors(result);
  return {
    model,
    inputs,
    outputs,
    get input() {
      return singleTensor("input", x);
    },
    get output() {
      return singleTensor("output", result);
    },
    layers,
    tensors: sorted([...outputs.values()], (t) => t.inputs),
    variables: new Map([...variables(model)].map(([path, variable]) => [variable.current, { path, variable }])),
  };
}

/** Returns the name, the class and the output shape of a layer call. */
export const headOf = ({ name, type, output }: RecordedLayer): LayerOutput => ({
  name,
  type,
  outputShape: output.shape.slice(1),
});

/**
 * Returns the layer call of a name.
 *
 * @throws `ValueError` that lists all names, if there is none.
 */
export function layerNamed<L extends LayerCall>({ layers }: { readonly layers: readonly L[] }, name: string): L {
  const found = layers.find((layer) => layer.name === name);
  if (found !== undefined) return found;
  const fix = `layers are ${layers.map((layer) => `"${layer.name}" (${layer.type})`).join(", ")}`;
  // From JavaScript, where nothing refuses other types.
  if (typeof name !== "string")
    throw new ValueError({ what: "the name of a layer", expected: "a text", got: name, fix });
  throw new ValueError({ problem: `no layer is called "${name}"`, fix });
}

/** Returns the layer calls of these names, or all of them. */
export const layersNamed = (recorded: RecordedModel, names: readonly string[] | undefined): readonly RecordedLayer[] =>
  names === undefined ? recorded.layers : names.map((name) => layerNamed(recorded, name));

/** Returns the tensor whose numbers a tensor shares, through reshapes. */
export const numbersOf = (t: Tensor): Tensor => (t.operation === "reshape" ? numbersOf(t.inputs[0]!) : t);

/** Returns the variable behind a tensor, through reshapes and transposes. */
export function variableBehind(t: Tensor, recorded: RecordedModel): Tensor | undefined {
  if (recorded.variables.has(t)) return t;
  const isMoved = t.operation === "reshape" || t.operation === "transpose";
  return isMoved ? variableBehind(t.inputs[0]!, recorded) : undefined;
}

/** Returns the tensors that depend on the inputs, including the inputs. */
export function dependentsOf({ inputs, tensors }: RecordedModel): ReadonlySet<Tensor> {
  const found = new Set(inputs.values());
  for (const t of tensors) if (t.inputs.some((x) => found.has(x))) found.add(t);
  return found;
}
