import { ValueError } from "@convlens/backend";
import { Relu } from "./activations.ts";
import { Conv2d } from "./conv2d.ts";
import { Dense } from "./dense.ts";
import { Flatten } from "./flatten.ts";
import type { Layer } from "./layer.ts";
import { MaxPool2d } from "./pooling.ts";
import { Sequential } from "./sequential.ts";

/** What stands in a pattern. */
export type PatternWord = "CONV" | "RELU" | "POOL" | "FC";

const words: readonly PatternWord[] = ["CONV", "RELU", "POOL", "FC"];

/** What {@link parsePattern} may be told. */
export interface PatternOptions {
  /** Numbers for the letters of the pattern. */
  readonly repeats?: Readonly<Record<string, number>>;
  /** Whether words with a `?` are there. Default: true. */
  readonly optional?: boolean;
}

type Node = { readonly word: PatternWord } | { readonly body: readonly Node[] };
type Repeated = Node & { readonly times: number };

/**
 * The words of a pattern in the notation of CS231n, multiplied out.
 *
 * `pattern = part ("->" part)*`, `part = (word | "[" pattern "]") ("*" number or letter)? "?"?`, after `INPUT`.
 *
 * @throws `ValueError` that shows the column of what it does not understand.
 *
 * @example
 * ```ts
 * parsePattern("INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> FC", { repeats: { N: 1, M: 2 } });
 * // CONV, RELU, POOL, CONV, RELU, POOL, FC
 * ```
 */
export function parsePattern(pattern: string, { repeats = {}, optional = true }: PatternOptions = {}): PatternWord[] {
  const tokens = [...pattern.matchAll(/\s+|->|[[\]*?]|[A-Za-z]+|\d+|./g)]
    .map(({ 0: text, index }) => ({ text, at: index }))
    .filter(({ text }) => text.trim() !== "");
  let next = 0;
  const peek = (): string | undefined => tokens[next]?.text;
  const fail = (expected: string): ValueError => {
    const at = tokens[next]?.at ?? pattern.length;
    return new ValueError(
      `parsePattern: expected ${expected} at column ${at + 1}, got ${peek() === undefined ? "the end" : `"${peek()}"`}:\n${pattern}\n${" ".repeat(at)}^`,
      { operation: "parsePattern", expected, got: peek() },
    );
  };
  const take = (text: string): void => {
    if (peek() !== text) throw fail(`"${text}"`);
    next++;
  };

  function times(): number {
    if (peek() !== "*") return 1;
    next++;
    const text = peek() ?? "";
    const count = /^\d+$/.test(text) ? Number(text) : repeats[text];
    if (count === undefined || !Number.isInteger(count) || count < 0)
      throw fail(
        /^[A-Za-z]+$/.test(text) ? `a number for ${text} in { repeats: { ${text}: … } }` : "a number or a letter",
      );
    next++;
    return count;
  }

  function part(): Repeated {
    let node: Node;
    if (peek() === "[") {
      next++;
      node = { body: sequence() };
      take("]");
    } else {
      const word = words.find((each) => each === peek());
      if (word === undefined) throw fail(`one of ${words.join(", ")} or "["`);
      next++;
      node = { word };
    }
    let count = times();
    if (peek() === "?") {
      next++;
      if (!optional) count = 0;
    }
    return { ...node, times: count };
  }

  function sequence(): Repeated[] {
    const parts = [part()];
    while (peek() === "->") {
      next++;
      parts.push(part());
    }
    return parts;
  }

  take("INPUT");
  take("->");
  const parts = sequence();
  if (peek() !== undefined) throw fail('"->" or the end');
  const unroll = (nodes: readonly Repeated[]): PatternWord[] =>
    nodes.flatMap((node) =>
      Array.from({ length: node.times }, () => ("word" in node ? [node.word] : unroll(node.body as Repeated[]))).flat(),
    );
  return unroll(parts);
}

/** How the layers of {@link fromPattern} look. */
export interface FromPatternOptions extends PatternOptions {
  /** Filters of the n-th CONV (from 0). Default: 32, twice as many after each POOL. */
  readonly filters?: (n: number, pools: number) => number;
  /** Of every CONV, padded to keep the size. Default: 3. */
  readonly kernelSize?: number;
  /** Of every POOL. Default: 2. */
  readonly poolSize?: number;
  /** Of every FC but the last. Default: 128. */
  readonly units?: number;
  /** Of the last FC. Default: 10. */
  readonly classes?: number;
}

/**
 * A model from a pattern in the notation of CS231n.
 *
 * @example
 * ```ts
 * fromPattern("INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", { classes: 10 });
 * ```
 */
export function fromPattern(
  pattern: string,
  {
    filters = (_, pools) => 32 * 2 ** pools,
    kernelSize = 3,
    poolSize = 2,
    units = 128,
    classes = 10,
    ...options
  }: FromPatternOptions = {},
): Sequential {
  const found = parsePattern(pattern, options);
  const lastDense = found.lastIndexOf("FC");
  const firstDense = found.indexOf("FC");
  let convolutions = 0;
  let pools = 0;
  const layers = found.flatMap((word, i): Layer[] => {
    switch (word) {
      case "CONV":
        if (firstDense >= 0 && i > firstDense)
          throw new ValueError("fromPattern: a CONV cannot follow an FC, which leaves no height and width", {
            operation: "fromPattern",
          });
        return [new Conv2d({ filters: filters(convolutions++, pools), kernelSize, padding: "same" })];
      case "RELU":
        return [new Relu()];
      case "POOL":
        pools++;
        return [new MaxPool2d({ size: poolSize })];
      case "FC": {
        const dense = new Dense({ units: i === lastDense ? classes : units });
        return i === firstDense ? [new Flatten(), dense] : [dense];
      }
    }
  });
  return new Sequential(layers);
}
