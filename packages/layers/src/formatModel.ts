import { showShape } from "@convlens/backend";
import { printByToString, Variable } from "@convlens/tensor";
import { typeOf, walk } from "./layer.ts";

/** A whole number with commas: `61,706`. */
export const thousands = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ",");

/**
 * Formats a model as a tree: the name and class of each layer, the shapes of its variables, and the number of its parameters,
 * with those of the layers within it. The layers of this package print like this by themselves: `console.log(model)`.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Dense({ units: 8 }), new Relu(), new Dense({ units: 2 })]), [4]);
 * formatModel({ net });
 * // Object (58 parameters)
 * //   net Sequential (58 parameters)
 * //     layers.0 Dense: weights [4, 8], bias [8] (40 parameters)
 * //     layers.1 Relu
 * //     layers.2 Dense: weights [8, 2], bias [2] (18 parameters)
 * ```
 */
export function formatModel(model: object): string {
  const begin = (path: string, name: string, layer: object, depth: number) => ({
    path,
    text: "  ".repeat(depth) + name + typeOf(layer),
    variables: [] as string[],
    parameters: 0,
  });
  const rows = [begin("", "", model, 0)];
  /** The rows of the model and of the layers around the current path. */
  let around = rows.slice();
  walk(model, (path, found) => {
    if (path === "") return;
    around = around.filter((row) => row.path === "" || path.startsWith(`${row.path}.`));
    const outer = around.at(-1)!.path;
    const name = outer === "" ? path : path.slice(outer.length + 1);
    if (found instanceof Variable) {
      around.at(-1)!.variables.push(`${name} ${showShape(found.shape)}`);
      for (const row of around) if (found.trainable) row.parameters += found.size;
    } else {
      around.push(begin(path, `${name} `, found, around.length));
      rows.push(around.at(-1)!);
    }
  });
  return rows
    .map(
      ({ text, variables, parameters }) =>
        text +
        (variables.length > 0 ? `: ${variables.join(", ")}` : "") +
        (parameters > 0 ? ` (${thousands(parameters)} parameters)` : ""),
    )
    .join("\n");
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
