import { checkValue } from "@convlens/backend";
import { compileModel, singleTensor, type Layer } from "@convlens/layers";
import { compile, Variable, type Compiled, type Tensor } from "@convlens/tensor";
import { textsOption } from "../optionChecks.ts";
import { layerNamed, layersNamed, numbersOf, recordModel } from "../recordModel.ts";
import { keepThoseOf, type LayerActivation } from "./tap.ts";

/** The output of a model for a batch, and its layers, which can be read until the next call. */
export interface Retained {
  /** Output of the model; its values are known. */
  readonly output: Tensor;
  /** Names of the layers, in the order of calls. */
  readonly names: readonly string[];
  /**
   * Copies the output of a layer out of the backend's memory.
   *
   * @throws `ValueError` that lists all names, if there is none.
   */
  readonly read: (name: string) => Promise<LayerActivation>;
}

/** A model whose layers' outputs stay in the memory of the backend. */
export interface Retain {
  (x: Tensor): Promise<Retained>;
  /** Frees the compiled model and the outputs of the layers. */
  dispose(): void;
}

/** A layer and the memory of its output. */
interface Kept extends Pick<LayerActivation, "name" | "type" | "shape">, Memory {}

/** Memory of the backend and a function that copies it out once; `data()` would cache and copy again. */
interface Memory {
  readonly memory: Variable;
  readonly copy: Compiled<[], Tensor>;
}

/**
 * Keeps the outputs of layers in the memory of the backend, and copies only those that are read: this adds little to the forward
 * pass, however many layers there are. Layers that output the numbers of others, such as a flatten or a container, share their
 * memory.
 *
 * @param names - Paths of layers. Default: all.
 *
 * @example
 * ```ts
 * const look = retain(lenet5());
 * const { names, read } = await look(normal([2, 28, 28, 1]));
 * names.length; // all layers are there
 * activationMap(await read("layers.3"), { channel: 5 }); // and one of them is read: 10 · 10 numbers
 * look.dispose();
 * ```
 */
export function retain(model: Layer, names?: readonly string[]): Retain {
  if (names !== undefined) checkValue("retain", "names", names, textsOption);
  const kept = new Map<string, readonly Kept[]>();
  const run: Compiled<[x: Tensor], Tensor> = compileModel(model, (x: Tensor): Tensor => {
    const recorded = recordModel(model, x);
    const layers = layersNamed(recorded, names);
    const memories = new Map<Tensor, Memory>();
    for (const { output } of layers) {
      const numbers = numbersOf(output);
      if (memories.has(numbers)) continue;
      const memory = new Variable(() => new Float32Array(numbers.size), numbers.shape);
      memory.assign(numbers);
      memories.set(numbers, { memory, copy: compile(() => memory) });
    }
    const keptLayers = layers.map(({ name, type, output }) => {
      return { name, type, shape: output.shape, ...memories.get(numbersOf(output))! };
    });
    kept.set(x.shape.join(), keptLayers);
    return recorded.output;
  });
  const look = async (x: Tensor): Promise<Retained> => {
    // Recorded synchronously; concurrent calls may replace it.
    const pending = run(singleTensor("input", x, "retain"));
    const layers = kept.get(x.shape.join()) ?? [];
    keepThoseOf(run, kept);
    const output = await pending;
    return {
      output,
      names: layers.map(({ name }) => name),
      read: async (name) => {
        const { type, shape, copy } = layerNamed({ layers }, name);
        return { name, type, shape, values: (await copy()).knownValues };
      },
    };
  };
  return Object.assign(look, {
    dispose: () => {
      run.dispose();
      for (const { memory, copy } of [...kept.values()].flat()) {
        copy.dispose();
        memory.dispose();
      }
      kept.clear();
    },
  });
}
