import { booleanOption, checkOptions, type OptionChecks, ValueError } from "@convlens/backend";
import {
  checkDepth,
  parsePattern,
  type Pattern,
  type PatternPart,
  type PatternSize,
  type PatternWord,
} from "./pattern.ts";

/** Options of {@link expandPattern}. */
export interface PatternOptions {
  /** Numbers for the letters of the pattern. */
  readonly repeats?: Readonly<Record<string, number>>;
  /** Whether parts with a `?` are included. Default: true. */
  readonly optional?: boolean;
}

/** Checks of {@link PatternOptions}. Numbers for letters are checked where the letters are used. */
export const patternChecks: OptionChecks<PatternOptions> = {
  repeats: (value) => (typeof value === "object" && value !== null ? undefined : "numbers by letter, { N: 2 }"),
  optional: booleanOption,
};

/** A word of an expanded pattern with its size, or an `ADD` with the steps in its brackets. */
export type PatternStep =
  | { readonly word: PatternWord; readonly size: PatternSize }
  | { readonly word: "ADD"; readonly body: readonly PatternStep[] };

/** Largest number of steps of an expanded pattern. */
const MOST_STEPS = 10_000;

/** Expands a pattern into steps: the words in a row, with their sizes. */
export function stepsOfPattern(
  pattern: string | Pattern,
  { repeats = {}, optional = true }: PatternOptions = {},
): PatternStep[] {
  const numberOf = (times: number | string): number => {
    const count = typeof times === "number" ? times : repeats[times];
    if (Number.isInteger(count) && count! >= 0) return count!;
    throw new ValueError({
      operation: "expandPattern",
      what: `the number of repetitions ${times}`,
      expected: "a whole number of at least 0",
      got: count,
      fix: `give one, for example { repeats: { ${times}: 2 } }`,
    });
  };
  const isThere = ({ optional: mayLack }: PatternPart): boolean => !mayLack || optional;
  /** Counts the steps before any is made. */
  const count = (parts: Pattern, depth: number): number => {
    checkDepth("expandPattern", depth);
    return parts.filter(isThere).reduce((sum, { part, residual, times = 1 }) => {
      const inner = typeof part === "string" ? 1 : count(part, depth + 1) + (residual ? 1 : 0);
      return sum + numberOf(times) * inner;
    }, 0);
  };
  const expand = (parts: Pattern): PatternStep[] =>
    parts.filter(isThere).flatMap(({ part, size = {}, residual, times = 1 }) => {
      const repeated = numberOf(times);
      // New objects for each repetition, so that each step is one place in the row.
      const once = (): PatternStep[] => {
        const inner = typeof part === "string" ? [{ word: part, size }] : expand(part);
        return residual ? [{ word: "ADD", body: inner }] : inner;
      };
      if (repeated === 0) return [];
      const first = once();
      // An empty part is empty however often it is repeated.
      return first.length === 0 ? [] : [...first, ...Array.from({ length: repeated - 1 }, once).flat()];
    });
  const parts = typeof pattern === "string" ? parsePattern(pattern) : pattern;
  const steps = count(parts, 0);
  if (steps > MOST_STEPS)
    throw new ValueError({
      operation: "expandPattern",
      what: "the number of steps",
      expected: `at most ${MOST_STEPS}`,
      got: steps,
      fix: "use fewer repetitions",
    });
  return expand(parts);
}

/**
 * Expands a pattern into its words in a row, including those in the brackets of an `ADD`.
 *
 * @throws `ValueError` for a letter without a number, and for more than 10,000 steps.
 *
 * @example
 * ```ts
 * expandPattern("INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> FC", { repeats: { N: 1, M: 2 } });
 * // CONV, RELU, POOL, CONV, RELU, POOL, FC
 * ```
 */
export function expandPattern(pattern: string | Pattern, options: PatternOptions = {}): PatternWord[] {
  checkOptions("expandPattern", options, patternChecks);
  const wordsOf = (steps: readonly PatternStep[]): PatternWord[] =>
    steps.flatMap((step) => (step.word === "ADD" ? wordsOf(step.body) : [step.word]));
  return wordsOf(stepsOfPattern(pattern, options));
}
