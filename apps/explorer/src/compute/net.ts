import { reference } from "@convlens/backend-reference";
import { build, readSafetensors, setWeights, variables, type Layer, type StoredTensor } from "@convlens/layers";
import { currentBackend, evaluate, useBackend } from "@convlens/tensor";
import { once } from "./once.ts";
import { modelOf, type Recipe } from "./recipe.ts";

/** A net for inspection: how to create it, and its weights. */
export interface NetParts {
  /** Its origin in words: `trained before the page was built`. */
  readonly origin: string;
  /** Creates the model without weights. Copies are shuffled, or computed in float64. */
  readonly make: () => Layer;
  /** Shape of one example: `[height, width, channels]`. */
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  /** By path. */
  readonly weights: ReadonlyMap<string, StoredTensor>;
  /** Test accuracy, if it is known. */
  readonly accuracy?: number | undefined;
}

/** Facts about the net for the page. */
export interface NetInfo {
  /** A number that changes with the net and with its weights. */
  readonly version: number;
  readonly origin: string;
  readonly classes: readonly string[];
  readonly accuracy: number | undefined;
}

/** A net with its weights. */
export interface Net extends NetParts {
  readonly info: NetInfo;
  /** Its model on the page's backend. */
  readonly model: Layer;
  /** Creates its copy in float64, once. */
  readonly place: () => Promise<Layer>;
  /** A copy that computes in float64, so that sums are exact to the last bit. Call it before each use. */
  exact(): Promise<Layer>;
  /** A copy that may be changed. */
  copy(): Layer;
}

/** A model with these weights. */
function filled({ make, inputShape, weights }: NetParts): Layer {
  const model = build(make(), inputShape);
  setWeights(model, weights);
  return model;
}

/** A model whose variables are on a backend in float64. */
async function placedExactly({ make, inputShape }: NetParts): Promise<Layer> {
  const model = build(make(), inputShape);
  const before = currentBackend();
  useBackend(reference({ precision: "float64" }));
  // Variables are placed on the backend of their first use, which is determined before the first await.
  const placed = evaluate(...variables(model).values());
  useBackend(before);
  await placed;
  return model;
}

/** A net of a file with a recipe. */
export function netOfFile(file: Uint8Array, origin: string): NetParts {
  const { tensors, metadata } = readSafetensors(file);
  const recipe = JSON.parse(metadata["recipe"] ?? "null") as Recipe | null;
  if (recipe === null)
    throw new Error("This file has weights but no recipe of their net: the metadata “recipe” is missing.");
  const { inputShape, classes } = recipe;
  const accuracy = metadata["testAccuracy"] === undefined ? undefined : Number(metadata["testAccuracy"]);
  return { origin, make: () => modelOf(recipe), inputShape, classes, weights: tensors, accuracy };
}

/** The net that all panels inspect. */
export class CurrentNet {
  readonly #open: () => Promise<NetParts>;
  readonly #onChange: (info: NetInfo) => void;
  #net: Promise<Net> | undefined;
  #adopted: Net | undefined;
  #versions = 0;

  /**
   * @param open - Loads the first net when it is needed.
   * @param onChange - Called with each net that is set.
   */
  constructor(open: () => Promise<NetParts>, onChange: (info: NetInfo) => void) {
    this.#open = open;
    this.#onChange = onChange;
  }

  /** The present net. */
  get(): Promise<Net> {
    if (this.#net === undefined) {
      const opened: Promise<Net> = this.#open().then((parts) =>
        // Another one may have been set meanwhile.
        this.#net === opened || this.#net === undefined ? this.#adopt(parts) : this.#net,
      );
      // A failed load is repeated with the next call.
      opened.catch(() => (this.#net = this.#net === opened ? undefined : this.#net));
      this.#net = opened;
    }
    return this.#net;
  }

  /**
   * Sets another net, or the same one with other weights, which are not copied. A net with the same `make` replaces the one before,
   * so that a thousand steps of training need no more memory than one.
   */
  set(parts: NetParts): void {
    const before = this.#adopted?.make === parts.make ? this.#adopted : undefined;
    this.#net = Promise.resolve(this.#adopt(parts, before));
  }

  /** Goes back to the first net. */
  reset(): void {
    this.#net = undefined;
    void this.get().catch(() => undefined);
  }

  #adopt(parts: NetParts, before?: Net): Net {
    const { origin, classes, accuracy, weights } = parts;
    const info: NetInfo = { version: ++this.#versions, origin, classes, accuracy };
    const model = before?.model ?? filled(parts);
    if (before !== undefined) setWeights(model, weights);
    const place = before?.place ?? once(() => placedExactly(parts));
    const net: Net = {
      ...parts,
      info,
      model,
      place,
      exact: async () => {
        const exact = await place();
        // Weights are written before each use, because values that were read are constants from then on.
        setWeights(exact, weights);
        return exact;
      },
      copy: () => filled(parts),
    };
    this.#adopted = net;
    this.#onChange(info);
    return net;
  }
}
