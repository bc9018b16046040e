import { reference } from "@convlens/backend-reference";
import { build, readSafetensors, setWeights, variables, type Layer, type StoredTensor } from "@convlens/layers";
import { currentBackend, evaluate, useBackend } from "@convlens/tensor";
import { modelOf, type Recipe } from "./recipe.ts";

/** A net to be taken apart: how to make it, and its weights. */
export interface NetParts {
  /** Where it comes from, for people: `trained before the page was built`. */
  readonly origin: string;
  /** Makes one without weights: copies of it are shuffled, or computed more exactly. */
  readonly make: () => Layer;
  /** Of one example: `[height, width, channels]`. */
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  /** By path. */
  readonly weights: ReadonlyMap<string, StoredTensor>;
  /** The share of digits that it had not seen and reads rightly, where that is known. */
  readonly accuracy?: number | undefined;
}

/** What the page is told of the net. */
export interface NetInfo {
  /** Another number for every other net, and for other weights. */
  readonly version: number;
  readonly origin: string;
  readonly classes: readonly string[];
  readonly accuracy: number | undefined;
}

/** A net with its weights in place. */
export interface Net extends NetParts {
  readonly info: NetInfo;
  /** On the page's backend. */
  readonly model: Layer;
  /** Where its copy in float64 is kept. */
  readonly place: () => Promise<Layer>;
  /** A copy that computes in float64, so that what a sum is made of adds up to the last bit; to be asked for before each use. */
  exact(): Promise<Layer>;
  /** A copy of its own, to be changed. */
  copy(): Layer;
}

/** A net of this make, with these weights. */
function filled({ make, inputShape, weights }: NetParts): Layer {
  const model = build(make(), inputShape);
  setWeights(model, weights);
  return model;
}

/** One whose variables live on a backend in float64. */
async function placedExactly({ make, inputShape }: NetParts): Promise<Layer> {
  const model = build(make(), inputShape);
  const before = currentBackend();
  useBackend(reference({ precision: "float64" }));
  // Variables live where they are used first, which is settled before anything is waited for.
  const placed = evaluate(...variables(model).values());
  useBackend(before);
  await placed;
  return model;
}

/** A net in a file, which says how it is made. */
export function netOfFile(file: Uint8Array, origin: string): NetParts {
  const { tensors, metadata } = readSafetensors(file);
  const recipe = JSON.parse(metadata["recipe"] ?? "null") as Recipe | null;
  if (recipe === null)
    throw new Error("This file holds weights, but not how their net is made: it lacks the text “recipe”.");
  const { inputShape, classes } = recipe;
  const accuracy = metadata["testAccuracy"] === undefined ? undefined : Number(metadata["testAccuracy"]);
  return { origin, make: () => modelOf(recipe), inputShape, classes, weights: tensors, accuracy };
}

/** The net that all panels look into: there is one at a time. */
export class CurrentNet {
  readonly #open: () => Promise<NetParts>;
  readonly #onChange: (info: NetInfo) => void;
  #net: Promise<Net> | undefined;
  #adopted: Net | undefined;
  #versions = 0;

  /**
   * @param open - The net to begin with, which is asked for when it is first needed.
   * @param onChange - Told of each net that becomes the one.
   */
  constructor(open: () => Promise<NetParts>, onChange: (info: NetInfo) => void) {
    this.#open = open;
    this.#onChange = onChange;
  }

  /** The net, as soon as it is there. */
  get(): Promise<Net> {
    if (this.#net === undefined) {
      const opened: Promise<Net> = this.#open().then((parts) =>
        // Somebody may have set another one meanwhile.
        this.#net === opened || this.#net === undefined ? this.#adopt(parts) : this.#net,
      );
      // What could not be loaded is tried again when it is next asked for.
      opened.catch(() => (this.#net = this.#net === opened ? undefined : this.#net));
      this.#net = opened;
    }
    return this.#net;
  }

  /**
   * Another net; or the same one with other weights, which are not copied. One with the same `make` takes the place of the net before,
   * so that going through a thousand steps of training takes no more memory than one.
   */
  set(parts: NetParts): void {
    const before = this.#adopted?.make === parts.make ? this.#adopted : undefined;
    this.#net = Promise.resolve(this.#adopt(parts, before));
  }

  /** Back to the one to begin with. */
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
        // What has been read of variables is known from then on, and is no reason any more to compute where they live.
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

/** Makes something when it is first asked for. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
