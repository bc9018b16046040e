import { checkValue } from "@convlens/backend";
import { compileModel, type Layer } from "@convlens/layers";
import { compile, Variable, type Compiled, type Tensor } from "@convlens/tensor";
import { textsOption } from "../optionChecks.ts";
import { layerNamed, numbersOf, recordModel } from "../recordModel.ts";
import { keepThoseOf, type LayerActivation } from "./tap.ts";

/** What a model made of a batch, and its layers, which can be read until the model is asked the next time. */
export interface Retained {
  /** What comes out of the model; its values are known. */
  readonly output: Tensor;
  /** The layers that can be read, in the order that they were called. */
  readonly names: readonly string[];
  /**
   * Copies what a layer made out of the backend's memory.
   *
   * @throws `ValueError` naming all that there are.
   */
  readonly read: (name: string) => Promise<LayerActivation>;
}

/** A model whose layers stay where they are computed. */
export interface Retain {
  (x: Tensor): Promise<Retained>;
  /** Frees the compiled model and the memory of the layers. */
  dispose(): void;
}

/** A layer, and where its numbers are kept. */
interface Kept extends Pick<LayerActivation, "name" | "type" | "shape">, Memory {}

/** Memory of the backend, and what copies it out: once, while `data()` would keep what it gets and copy that again. */
interface Memory {
  readonly memory: Variable;
  readonly copy: Compiled<[], Tensor>;
}

/**
 * A model that keeps what its layers made in the memory of the backend, so that looking costs the forward pass little, however
 * many layers there are: only those that are read are copied out. Layers that only name the numbers of others, such as a flatten
 * or a container, share theirs.
 *
 * @param names - Layers by path. Default: all.
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
    const layers = names === undefined ? recorded.layers : names.map((name) => layerNamed(recorded, name));
    const memories = new Map<Tensor, Memory>();
    for (const { output } of layers) {
      const numbers = numbersOf(output);
      if (memories.has(numbers)) continue;
      const memory = new Variable(() => new Float32Array(numbers.size), numbers.shape);
      memory.assign(numbers);
      memories.set(numbers, { memory, copy: compile(() => memory) });
    }
    kept.set(
      x.shape.join(),
      layers.map(({ name, type, output }) => ({
        ...{ name, type, shape: output.shape },
        ...memories.get(numbersOf(output))!,
      })),
    );
    return recorded.output;
  });
  const look = async (x: Tensor): Promise<Retained> => {
    // Recorded at once; what others ask for meanwhile may take its place.
    const pending = run(x);
    const recorded = kept.get(x.shape.join());
    keepThoseOf(run, kept);
    const output = await pending;
    const layers = recorded!;
    return {
      output,
      names: layers.map(({ name }) => name),
      read: async (name) => {
        const { type, shape, copy } = layerNamed({ layers }, name);
        return { name, type, shape, values: (await copy()).values };
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
