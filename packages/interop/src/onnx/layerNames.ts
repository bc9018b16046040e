import type { OnnxNode } from "./onnxFile.ts";

/** The part before the last dot of names of weights: `features.0` for `features.0.weight`. */
function commonPrefix(weights: readonly string[]): string | undefined {
  const prefixes = new Set(
    weights
      .filter((name) => name.includes(".") && !name.includes("::"))
      .map((name) => name.slice(0, name.lastIndexOf("."))),
  );
  return prefixes.size === 1 ? [...prefixes][0] : undefined;
}

/**
 * Names layers after their weights (`features.0`), or else after their nodes (`features.1.Relu` for `/features/features.1/Relu`),
 * or else by operator and number.
 */
export class LayerNames {
  readonly #taken: Set<string>;
  #count = 0;

  /** @param reserved - Names that no layer may have. */
  constructor(reserved: readonly string[]) {
    this.#taken = new Set(reserved);
  }

  /** A name that no other layer has. */
  next(node: OnnxNode, weights: readonly string[]): string {
    this.#count++;
    const fromNode = node.name.split("/").filter(Boolean).join(".");
    const name = commonPrefix(weights) ?? (fromNode === "" ? `${node.operator}_${this.#count}` : fromNode);
    let unique = name;
    for (let i = 2; this.#taken.has(unique); i++) unique = `${name}_${i}`;
    this.#taken.add(unique);
    return unique;
  }
}
