import { ValueError, type Shape } from "@convlens/backend";
import { layersOf, recordForward, variables, type Layer, type Mode } from "@convlens/layers";
import { sorted, zeros, Tensor, type Variable } from "@convlens/tensor";

/** One call of a layer. */
export interface RecordedLayer {
  /** Name of the call: the path of the layer, or `path#2` for its second call. */
  readonly name: string;
  /** Path of the layer in its model; `""` for the model itself. */
  readonly path: string;
  /** Class of the layer. */
  readonly type: string;
  readonly layer: Layer;
  /** Its input: `[n, …]`. */
  readonly input: Tensor;
  /** Its output: `[n, …]`. */
  readonly output: Tensor;
  /** The operations that it records, without those of layers that it contains, in topological order. */
  readonly operations: readonly Tensor[];
  /** Whether it contains other layers. */
  readonly isContainer: boolean;
}

/** The graph of tensors that a model records. All analysis works on it, so that it applies to every kind of model. */
export interface RecordedModel {
  readonly model: Layer;
  /** `[n, …]` */
  readonly input: Tensor;
  readonly output: Tensor;
  /** The calls of layers in order; a layer that contains others comes after them. */
  readonly layers: readonly RecordedLayer[];
  /** All tensors that the output depends on, in topological order. */
  readonly tensors: readonly Tensor[];
  /** The variables of the model and their paths, by the tensor that stands for their value. */
  readonly variables: ReadonlyMap<Tensor, { readonly path: string; readonly variable: Variable }>;
}

/**
 * Records a model for an input. Nothing is computed until the values of a tensor are requested.
 *
 * @param input - A batch `[n, …]`, or the shape of one example for a batch of one.
 * @param mode - Prediction or training. Training assigns running statistics: record it inside `programOf`.
 *
 * @example
 * ```ts
 * const { layers } = recordModel(lenet5(), [28, 28, 1]);
 * layers.map(({ name, type, output }) => `${name} ${type} ${output.shape}`);
 * ```
 */
export function recordModel(
  model: Layer,
  input: Shape | Tensor,
  mode: Pick<Mode, "training" | "frozen"> = {},
): RecordedModel {
  const x = input instanceof Tensor ? input : zeros([1, ...input]);
  const seen = new Set<Tensor>([x]);
  const layers: RecordedLayer[] = [];
  const calls = new Map<string, number>();
  const output = recordForward(model, x, {
    ...mode,
    watch: (path, layer, y, from) => {
      const operations = sorted([y], (t) => (t === from ? [] : t.inputs)).filter((t) => t !== from && !seen.has(t));
      for (const t of operations) seen.add(t);
      const call = (calls.get(path) ?? 0) + 1;
      calls.set(path, call);
      layers.push({
        name: call === 1 ? path : `${path}#${call}`,
        path,
        type: layer.constructor?.name || "layer",
        layer,
        input: from,
        output: y,
        operations: operations.filter((t) => t.operation !== undefined),
        isContainer: layersOf(layer).size > 1,
      });
    },
  });
  return {
    model,
    input: x,
    output,
    layers,
    tensors: sorted([output], (t) => t.inputs),
    variables: new Map([...variables(model)].map(([path, variable]) => [variable.current, { path, variable }])),
  };
}

/**
 * Returns the layer call of a name.
 *
 * @throws `ValueError` that lists all names, if there is none.
 */
export function layerNamed<L extends Pick<RecordedLayer, "name" | "type">>(
  { layers }: { readonly layers: readonly L[] },
  name: string,
): L {
  const found = layers.find((layer) => layer.name === name);
  if (found !== undefined) return found;
  const names = layers.map((layer) => `"${layer.name}" (${layer.type})`).join(", ");
  throw new ValueError(`no layer is called "${name}"; there are ${names}`, { expected: names, got: name });
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

/** Returns the tensors that depend on the input, including the input. */
export function dependentsOf({ input, tensors }: RecordedModel): ReadonlySet<Tensor> {
  const found = new Set([input]);
  for (const t of tensors) if (t.inputs.some((x) => found.has(x))) found.add(t);
  return found;
}
