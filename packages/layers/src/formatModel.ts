import { showShape } from "@convlens/backend";
import { printByToString } from "@convlens/tensor";
import { layersOf, parameters, typeOf, variables } from "./layer.ts";

/** A whole number with commas: `61,706`. */
export const thousands = (n: number): string => n.toLocaleString("en");

/**
 * Formats a model as a tree: the name and class of each layer, the shapes of its variables, and the number of its parameters,
 * with those of the layers within it. The layers of this package print like this by themselves: `console.log(model)`.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Dense({ units: 8 }), new ReLU(), new Dense({ units: 2 })]), [4]);
 * formatModel({ net });
 * // Object (58 parameters)
 * //   net Sequential (58 parameters)
 * //     layers.0 Dense: weights [4, 8], bias [8] (40 parameters)
 * //     layers.1 ReLU
 * //     layers.2 Dense: weights [8, 2], bias [2] (18 parameters)
 * ```
 */
export function formatModel(model: object): string {
  const layers = new Map<string, object>([["", model], ...layersOf(model)]);
  /** Path of the layer that contains a layer or a variable. */
  const outerOf = (path: string): string => {
    const above = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    return layers.has(above) ? above : outerOf(above);
  };
  const nameOf = (path: string): string => (outerOf(path) === "" ? path : path.slice(outerOf(path).length + 1));
  const depthOf = (path: string): number => (path === "" ? 0 : 1 + depthOf(outerOf(path)));
  const all = Array.from(variables(model), ([path, { shape }]) => ({
    layer: outerOf(path),
    text: `${nameOf(path)} ${showShape(shape)}`,
  }));
  return Array.from(layers, ([path, layer]) => {
    const own = all.filter((each) => each.layer === path).map(({ text }) => text);
    const count = [...parameters(layer).values()].reduce((sum, { size }) => sum + size, 0);
    return (
      "  ".repeat(depthOf(path)) +
      (path && `${nameOf(path)} `) +
      typeOf(layer) +
      (own.length > 0 ? `: ${own.join(", ")}` : "") +
      (count > 0 ? ` (${thousands(count)} parameters)` : "")
    );
  }).join("\n");
}

/** Layers that print as a tree. */
export abstract class PrintedLayer {
  static {
    printByToString(this);
  }

  /** The layer with all layers within it; see {@link formatModel}. */
  toString(): string {
    return formatModel(this);
  }
}
