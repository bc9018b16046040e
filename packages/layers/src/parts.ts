import { UsageError, ValueError } from "@convlens/backend";
import { mapTree } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { apply, isLayer, run, type AnyLayer, type InputOf, type Layer, type Mode, type OutputOf } from "./layer.ts";

/** Layers of the parts of a tuple or record. */
export type Parts = readonly AnyLayer[] | { readonly [name: string]: AnyLayer };
/** What layers take, part by part. */
export type PartInputs<L extends Parts> = { readonly [K in keyof L]: InputOf<L[K]> };
/** What layers return, part by part. */
export type PartOutputs<L extends Parts> = { readonly [K in keyof L]: OutputOf<L[K]> };
/** What every one of the layers takes: the intersection of their inputs. */
export type SharedInput<L extends Parts> = (L extends readonly unknown[] ? L[number] : L[keyof L]) extends infer One
  ? (One extends AnyLayer ? (x: InputOf<One>) => void : never) extends (x: infer Input) => void
    ? Input
    : never
  : never;

/** @throws `ValueError` if the parts are not layers. */
function checkParts(type: string, parts: Parts): void {
  const all: readonly unknown[] =
    typeof parts === "object" && parts !== null && !isLayer(parts) ? Object.values(parts) : [];
  if (all.length > 0 && all.every(isLayer)) return;
  throw new ValueError({ operation: type, expected: "a record or an array of layers", got: parts });
}

/** Calls the layer of each part with the part's input. */
const callParts = <L extends Parts>(parts: L, inputOf: (name: string) => unknown, mode: Mode): PartOutputs<L> =>
  mapTree(parts, isLayer, (layer: AnyLayer, name) =>
    apply<never, unknown>(layer, inputOf(name) as never, mode),
  ) as PartOutputs<L>;

/** A layer for each part of a tuple or record; see {@link each}. */
export class Each<const L extends Parts> extends PrintedLayer implements Layer<PartInputs<L>, PartOutputs<L>> {
  readonly layers: L;

  constructor(layers: L) {
    super();
    checkParts("each", layers);
    this.layers = layers;
  }

  call(x: PartInputs<L>, mode?: Mode): PartOutputs<L> {
    return run<PartInputs<L>, PartOutputs<L>>(this, x, mode, (inner) => {
      const parts = x as Readonly<Record<string, unknown>>;
      const names = Object.keys(this.layers);
      if (names.some((name) => parts[name] === undefined))
        throw new UsageError({
          what: "the input",
          expected: `a tensor for each of ${names.join(", ")}`,
          got: Object.keys(parts),
          gotWords: Object.keys(parts).join(", "),
        });
      return callParts(this.layers, (name) => parts[name], inner);
    });
  }
}

/** Layers with the same input; see {@link branches}. */
export class Branches<const L extends Parts> extends PrintedLayer implements Layer<SharedInput<L>, PartOutputs<L>> {
  readonly branches: L;

  constructor(branches: L) {
    super();
    checkParts("branches", branches);
    this.branches = branches;
  }

  call(x: SharedInput<L>, mode?: Mode): PartOutputs<L> {
    return run<SharedInput<L>, PartOutputs<L>>(this, x, mode, (inner) => callParts(this.branches, () => x, inner));
  }
}

/**
 * A layer for each part of a record or tuple: `{ image, meta } → { image, meta }`. {@link Concat} and {@link Add} join the outputs.
 *
 * @throws `UsageError` for an input that lacks a part.
 *
 * @example
 * ```ts
 * const model = sequential([
 *   each({ image: sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new Flatten()]), meta: new Dense({ units: 4 }) }),
 *   new Concat(),
 *   new Dense({ units: 1 }),
 * ]);
 * build(model, { image: [8, 8, 1], meta: [5] });
 * ```
 */
export const each = <const L extends Parts>(layers: L): Each<L> => new Each(layers);

/**
 * Layers with the same input, whose outputs become a record or tuple: `x → { label, box }`.
 *
 * @example
 * ```ts
 * const heads = branches({ label: new Dense({ units: 10 }), box: new Dense({ units: 4 }) });
 * const { label, box } = await predict(heads, tensor([[1, 2, 3]]));
 * ```
 */
export const branches = <const L extends Parts>(layers: L): Branches<L> => new Branches(layers);
