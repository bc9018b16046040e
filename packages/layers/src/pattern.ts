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

/** A word, or parts in brackets; how often it is there, and whether it may be left out. */
export interface PatternPart {
  readonly part: PatternWord | Pattern;
  /** A number, or a letter that stands for one. Default: 1. */
  readonly times?: number | string;
  /** Written as `?`. */
  readonly optional?: true;
}

/** What comes after `INPUT`, in order. */
export type Pattern = readonly PatternPart[];

/**
 * Reads a pattern in the notation of CS231n.
 *
 * `pattern = "INPUT" "->" parts`, `parts = part ("->" part)*`, `part = (word | "[" parts "]") ("*" (number | letter))? "?"?`
 *
 * @throws `ValueError` that shows the column of what it does not understand.
 *
 * @example
 * ```ts
 * parsePattern("INPUT -> [CONV -> POOL?]*N -> FC");
 * // [{ part: [{ part: "CONV" }, { part: "POOL", optional: true }], times: "N" }, { part: "FC" }]
 * ```
 */
export function parsePattern(pattern: string): Pattern {
  const tokens = [...pattern.matchAll(/->|[[\]*?]|[A-Za-z]+|\d+|\S/g)].map(({ 0: text, index }) => ({
    text,
    at: index,
  }));
  let next = 0;
  const peek = (): string => tokens[next]?.text ?? "the end";
  const skip = (text: string): boolean => {
    const here = peek() === text;
    if (here) next++;
    return here;
  };
  const fail = (expected: string): ValueError => {
    const column = tokens[next]?.at ?? pattern.length;
    return new ValueError(
      `parsePattern: expected ${expected} at column ${column + 1}, got ${peek()}:\n${pattern}\n${" ".repeat(column)}^`,
      { operation: "parsePattern", axis: column + 1, expected, got: peek() },
    );
  };
  const take = (text: string): void => {
    if (!skip(text)) throw fail(text);
  };

  function part(): PatternPart {
    let inner: PatternWord | Pattern | undefined;
    if (skip("[")) {
      inner = parts();
      take("]");
    } else {
      inner = words.find(skip);
      if (inner === undefined) throw fail(`${words.join(", ")} or [`);
    }
    const times = skip("*") ? count() : 1;
    return { part: inner, ...(times !== 1 && { times }), ...(skip("?") && { optional: true }) };
  }

  function count(): number | string {
    const text = peek();
    if (!/^(\d+|[A-Za-z])$/.test(text)) throw fail("a number or a letter");
    next++;
    return /\d/.test(text) ? Number(text) : text;
  }

  function parts(): Pattern {
    const found = [part()];
    while (skip("->")) found.push(part());
    return found;
  }

  take("INPUT");
  take("->");
  const found = parts();
  if (next < tokens.length) throw fail("-> or the end");
  return found;
}

/** A pattern as text, which {@link parsePattern} reads as the same. */
export function formatPattern(pattern: Pattern): string {
  const format = (parts: Pattern): string =>
    parts
      .map(({ part, times, optional }) => {
        const inner = typeof part === "string" ? part : `[${format(part)}]`;
        return `${inner}${times === undefined ? "" : `*${times}`}${optional ? "?" : ""}`;
      })
      .join(" -> ");
  return `INPUT -> ${format(pattern)}`;
}

/** What {@link expandPattern} may be told. */
export interface PatternOptions {
  /** Numbers for the letters of the pattern. */
  readonly repeats?: Readonly<Record<string, number>>;
  /** Whether parts with a `?` are there. Default: true. */
  readonly optional?: boolean;
}

/**
 * The words of a pattern in a row, multiplied out.
 *
 * @throws `ValueError` for a letter without a number.
 *
 * @example
 * ```ts
 * expandPattern("INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> FC", { repeats: { N: 1, M: 2 } });
 * // CONV, RELU, POOL, CONV, RELU, POOL, FC
 * ```
 */
export function expandPattern(
  pattern: string | Pattern,
  { repeats = {}, optional = true }: PatternOptions = {},
): PatternWord[] {
  const numberOf = (times: number | string): number => {
    const count = typeof times === "number" ? times : repeats[times];
    if (Number.isInteger(count) && count! >= 0) return count!;
    const fix = `{ repeats: { ${times}: 2 } }`;
    throw new ValueError(
      `expandPattern: the pattern repeats something ${times} times, expected a whole number for ${times} as in ${fix}, got ${count}`,
      {
        operation: "expandPattern",
        expected: "a whole number",
        got: count,
        fix,
      },
    );
  };
  const expand = (parts: Pattern): PatternWord[] =>
    parts.flatMap(({ part, times = 1, optional: mayLack }) => {
      if (mayLack && !optional) return [];
      const inner = typeof part === "string" ? [part] : expand(part);
      return Array.from({ length: numberOf(times) }, () => inner).flat();
    });
  return expand(typeof pattern === "string" ? parsePattern(pattern) : pattern);
}

/** How the layers of {@link fromPattern} look. */
export interface FromPatternOptions extends PatternOptions {
  /** Of every CONV, or of the n-th one (from 0) after so many POOLs. Default: 32, twice as many after each POOL. */
  readonly filters?: number | ((n: number, pools: number) => number);
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
  pattern: string | Pattern,
  {
    filters = (_, pools) => 32 * 2 ** pools,
    kernelSize = 3,
    poolSize = 2,
    units = 128,
    classes = 10,
    ...options
  }: FromPatternOptions = {},
): Sequential {
  const found = expandPattern(pattern, options);
  const lastDense = found.lastIndexOf("FC");
  const firstDense = found.indexOf("FC");
  let convolutions = 0;
  let pools = 0;
  const layers = found.flatMap((word, i): Layer[] => {
    if (firstDense >= 0 && i > firstDense && (word === "CONV" || word === "POOL"))
      throw new ValueError(
        `fromPattern: a ${word} cannot follow an FC, which leaves no height and width; put all FC last`,
        {
          operation: "fromPattern",
          fix: "put all FC last",
        },
      );
    switch (word) {
      case "CONV": {
        const count = typeof filters === "number" ? filters : filters(convolutions++, pools);
        return [new Conv2d({ filters: count, kernelSize, padding: "same" })];
      }
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
