import type { Pattern, PatternWord } from "@convlens/layers";

/**
 * Number of occurrences of each word in a pattern with all repeats. It is counted without expanding the pattern, because a short
 * pattern can have a billion layers.
 */
export function wordsIn(pattern: Pattern, repeats: Readonly<Record<string, number>>): Map<PatternWord, number> {
  const counts = new Map<PatternWord, number>();
  const add = (parts: Pattern, copies: number): void => {
    for (const { part, times = 1 } of parts) {
      const count = copies * (typeof times === "number" ? times : (repeats[times] ?? 1));
      if (typeof part === "string") counts.set(part, (counts.get(part) ?? 0) + count);
      else add(part, count);
    }
  };
  add(pattern, 1);
  return counts;
}
