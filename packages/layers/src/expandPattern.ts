import { ValueError } from "@convlens/backend";
import { parsePattern, type Pattern, type PatternSize, type PatternWord } from "./pattern.ts";

/** What {@link expandPattern} may be told. */
export interface PatternOptions {
  /** Numbers for the letters of the pattern. */
  readonly repeats?: Readonly<Record<string, number>>;
  /** Whether parts with a `?` are there. Default: true. */
  readonly optional?: boolean;
}

/** A word of a pattern that is multiplied out, with its size; or what stands in the brackets of an `ADD`. */
export type PatternStep =
  | { readonly word: PatternWord; readonly size: PatternSize }
  | { readonly word: "ADD"; readonly body: readonly PatternStep[] };

/** The words of a pattern in a row, multiplied out, with their sizes. */
export function stepsOfPattern(
  pattern: string | Pattern,
  { repeats = {}, optional = true }: PatternOptions = {},
): PatternStep[] {
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
  const expand = (parts: Pattern): PatternStep[] =>
    parts.flatMap(({ part, size = {}, residual, times = 1, optional: mayLack }) => {
      if (mayLack && !optional) return [];
      // Each time anew, so that a step is one place in the row.
      const once = (): PatternStep[] => {
        const inner = typeof part === "string" ? [{ word: part, size }] : expand(part);
        return residual ? [{ word: "ADD", body: inner }] : inner;
      };
      return Array.from({ length: numberOf(times) }, once).flat();
    });
  return expand(typeof pattern === "string" ? parsePattern(pattern) : pattern);
}

/**
 * The words of a pattern in a row, multiplied out; those in the brackets of an `ADD` among them.
 *
 * @throws `ValueError` for a letter without a number.
 *
 * @example
 * ```ts
 * expandPattern("INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> FC", { repeats: { N: 1, M: 2 } });
 * // CONV, RELU, POOL, CONV, RELU, POOL, FC
 * ```
 */
export function expandPattern(pattern: string | Pattern, options: PatternOptions = {}): PatternWord[] {
  const wordsOf = (steps: readonly PatternStep[]): PatternWord[] =>
    steps.flatMap((step) => (step.word === "ADD" ? wordsOf(step.body) : [step.word]));
  return wordsOf(stepsOfPattern(pattern, options));
}
