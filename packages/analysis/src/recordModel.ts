import { ValueError, type Shape } from "@convlens/backend";
import { layersOf, recordForward, variables, type Layer, type Mode } from "@convlens/layers";
import { sorted, zeros, Tensor, type Variable } from "@convlens/tensor";

/** One call of a layer. */
export interface RecordedLayer {
  /** What it is called by: its path; the second call of a layer that is used twice is `path#2`. */
  readonly name: string;
  /** Where the layer stands in its model; the model itself is `""`. */
  readonly path: string;
  /** The layer's class. */
  readonly type: string;
  readonly layer: Layer;
  /** What it is given: `[n, …]`. */
  readonly input: Tensor;
  /** What it makes: `[n, …]`. */
  readonly output: Tensor;
  /** What it records itself, inputs before what uses them; of a layer that contains others, what those have not. */
  readonly operations: readonly Tensor[];
  /** Whether it contains other layers. */
  readonly isContainer: boolean;
}

/** A model as the graph of tensors that it records, which is what analysis walks: it holds for models of any making. */
export interface RecordedModel {
  readonly model: Layer;
  /** `[n, …]` */
  readonly input: Tensor;
  readonly output: Tensor;
  /** In the order called; a layer that contains others after those. */
  readonly layers: readonly RecordedLayer[];
  /** Every tensor that the output is made from, inputs before what uses them. */
  readonly tensors: readonly Tensor[];
  /** Which tensor stands for which variable of the model, and where that one stands. */
  readonly variables: ReadonlyMap<Tensor, { readonly path: string; readonly variable: Variable }>;
}

/**
 * Records what a model makes of an input. Nothing is computed; the values of any tensor in it can be asked for.
 *
 * @param input - A batch `[n, …]`, or the shape of one example, which stands for a batch of one.
 * @param mode - How it is used. While it is learning, running statistics are assigned: record that inside of `programOf`.
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
 * The layer of this name.
 *
 * @throws `ValueError` naming all that there are.
 *
 * @example
 * ```ts
 * const { output } = layerNamed(recordModel(lenet5(), [28, 28, 1]), "layers.3");
 * output.shape; // [1, 10, 10, 16]
 * ```
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

/** The tensor whose numbers these are: a reshape moves none. */
export const numbersOf = (t: Tensor): Tensor => (t.operation === "reshape" ? numbersOf(t.inputs[0]!) : t);

/** The tensors of a recording whose values depend on the input, itself among them; the others are the same for every input. */
export function dependentsOf({ input, tensors }: RecordedModel): ReadonlySet<Tensor> {
  const found = new Set([input]);
  for (const t of tensors) if (t.inputs.some((x) => found.has(x))) found.add(t);
  return found;
}
