import { UsageError } from "@convlens/backend";
import { apply, describeLayer, namePaths, type Layer, type Mode } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";

/** A layer, by its path in the model or as itself. */
export type LayerName = string | Layer;

/** A recorded model, with what each of its layers made on the way. */
export interface Tapped {
  readonly output: Tensor;
  /** In the order of calls; a layer that is used twice is there twice. */
  readonly calls: readonly { readonly path: string; readonly layer: Layer; readonly output: Tensor }[];
}

/** Records a model and remembers the output of every layer. Nothing is computed. */
export function tapped(model: Layer, x: Tensor, mode: Mode = {}): Tapped {
  const calls: { path: string; layer: Layer; output: Tensor }[] = [];
  namePaths(model);
  const output = apply(model, x, {
    ...mode,
    watch: (path, layer, y) => {
      calls.push({ path, layer, output: y });
      mode.watch?.(path, layer, y);
    },
  });
  return { output, calls };
}

/**
 * What one layer made: of its last call, if it has several.
 *
 * @throws `UsageError` for a layer that the model does not call, with those that it does.
 */
export function outputOf({ calls }: Tapped, layer: LayerName): Tensor {
  const call = calls.findLast((each) => each.layer === layer || each.path === layer);
  if (call !== undefined) return call.output;
  const known = calls.filter(({ path }) => path !== "").map(({ path }) => path);
  const asked = typeof layer === "string" ? `"${layer}"` : describeLayer(layer);
  throw new UsageError(`the model calls no layer ${asked}; it calls ${known.join(", ")}`, {
    expected: known,
    got: layer,
  });
}
