import { nearest, ValueError } from "@convlens/backend";

/** Words of a pattern: those of CS231n, then batch normalisation, local response normalisation, and the mean of whole maps. */
export type PatternWord = "CONV" | "RELU" | "POOL" | "FC" | "NORM" | "LRN" | "MEAN";

const words: readonly PatternWord[] = ["CONV", "RELU", "POOL", "FC", "NORM", "LRN", "MEAN"];
/** A residual block: its input is added to the output of the brackets after it. */
const ADD = "ADD";

/** The sizes after a word: `CONV11-64/4 pad 2`, `POOL3/2`, `FC-120`. */
export interface PatternSize {
  /** Height and width of the window. */
  readonly window?: number;
  /** Filters of a CONV, units of an FC. */
  readonly count?: number;
  readonly stride?: number;
  /** On each side. */
  readonly padding?: number;
  readonly groups?: number;
}

/** A word, or parts in brackets, with its number of repetitions and whether it is optional. */
export interface PatternPart {
  readonly part: PatternWord | Pattern;
  /** Sizes of a word, if any are written. */
  readonly size?: PatternSize;
  /** Written as `ADD[…]`: the input is added to the output of the brackets. */
  readonly residual?: true;
  /** Number of repetitions, or a letter that stands for one. Default: 1. */
  readonly times?: number | string;
  /** Written as `?`. */
  readonly optional?: true;
}

/** The parts after `INPUT`, in order. */
export type Pattern = readonly PatternPart[];

/** Largest depth of nested brackets. */
const DEEPEST = 100;

/**
 * Checks the depth of nested brackets. Parts that contain themselves are refused, too.
 *
 * @internal
 */
export function checkDepth(operation: string, depth: number): void {
  if (depth > DEEPEST)
    throw new ValueError({
      operation,
      what: "the depth of nested brackets",
      expected: `at most ${DEEPEST}`,
      got: depth,
      fix: "write out the inner parts",
    });
}

/**
 * Parses a pattern in the notation of CS231n. A word may be followed by its sizes, as in the table of VGG in the notes.
 *
 * `pattern = "INPUT" "->" parts`, `parts = part ("->" part)*`,
 * `part = (word size | "ADD"? "[" parts "]") ("*" (number | letter))? "?"?`,
 * `size = window? ("-" count)? ("/" stride)? ("pad" number)? ("groups" number)?`
 *
 * @throws `ValueError` that shows the column of a syntax error; also for brackets nested more than 100 deep.
 *
 * @example
 * ```ts
 * parsePattern("INPUT -> [CONV -> POOL?]*N -> FC");
 * // [{ part: [{ part: "CONV" }, { part: "POOL", optional: true }], times: "N" }, { part: "FC" }]
 * parsePattern("INPUT -> CONV5-6 pad 2"); // [{ part: "CONV", size: { window: 5, count: 6, padding: 2 } }]
 * ```
 */
export function parsePattern(pattern: string): Pattern {
  const tokens = [...pattern.matchAll(/->|[[\]*?/-]|[A-Za-z]+|\d+|\S/g)].map(({ 0: text, index }) => ({
    text,
    at: index,
  }));
  let next = 0;
  let depth = 0;
  const peek = (): string => tokens[next]?.text ?? "the end";
  const skip = (text: string): boolean => {
    const here = peek() === text;
    if (here) next++;
    return here;
  };
  const fail = (expected: string): ValueError => {
    const column = tokens[next]?.at ?? pattern.length;
    const got = tokens[next]?.text;
    const isWord = expected.startsWith(words[0]!) && /^[a-z]{2,}$/i.test(got ?? "");
    // Of a long pattern only the surroundings of the error.
    const start = pattern.length > 200 ? Math.max(0, column - 60) : 0;
    const shown = pattern.length > 200 ? pattern.slice(start, column + 60) : pattern;
    const hint = isWord ? ` (did you mean ${nearest(got!.slice(0, 40).toUpperCase(), [...words, ADD])}?)` : "";
    return new ValueError({
      operation: "parsePattern",
      expected: `${expected} at column ${column + 1}`,
      got: peek(),
      gotWords: `${peek().slice(0, 40)}${hint}:\n${shown}\n${" ".repeat(column - start)}^`,
    });
  };
  const take = (text: string): void => {
    if (!skip(text)) throw fail(text);
  };
  const number = (): number => {
    if (!/^\d+$/.test(peek())) throw fail("a number");
    return Number(tokens[next++]!.text);
  };

  function part(): PatternPart {
    const residual = skip(ADD);
    if (residual || peek() === "[") {
      take("[");
      checkDepth("parsePattern", ++depth);
      const inner = parts();
      depth--;
      take("]");
      return { part: inner, ...(residual && { residual }), ...ending() };
    }
    const word = words.find(skip);
    if (word === undefined) throw fail(`${words.join(", ")}, ${ADD} or [`);
    return { part: word, ...size(word), ...ending() };
  }

  function size(word: PatternWord): { readonly size?: PatternSize } {
    const isWindow = word === "CONV" || word === "POOL";
    const found: PatternSize = {
      ...(isWindow && /^\d/.test(peek()) && { window: number() }),
      ...((word === "CONV" || word === "FC") && skip("-") && { count: number() }),
      ...(isWindow && skip("/") && { stride: number() }),
      ...(isWindow && skip("pad") && { padding: number() }),
      ...(word === "CONV" && skip("groups") && { groups: number() }),
    };
    return Object.keys(found).length > 0 ? { size: found } : {};
  }

  function ending(): Pick<PatternPart, "times" | "optional"> {
    const times = skip("*") ? count() : 1;
    return { ...(times !== 1 && { times }), ...(skip("?") && { optional: true }) };
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

const formatSize = ({ window, count, stride, padding, groups }: PatternSize = {}): string =>
  [
    window === undefined ? "" : `${window}`,
    count === undefined ? "" : `-${count}`,
    stride === undefined ? "" : `/${stride}`,
    padding === undefined ? "" : ` pad ${padding}`,
    groups === undefined ? "" : ` groups ${groups}`,
  ].join("");

/** Formats a pattern as text, which {@link parsePattern} parses to an equal pattern. */
export function formatPattern(pattern: Pattern): string {
  const format = (parts: Pattern, depth: number): string => {
    checkDepth("formatPattern", depth);
    return parts
      .map(({ part, size, residual, times, optional }) => {
        const inner = typeof part === "string" ? `${part}${formatSize(size)}` : `[${format(part, depth + 1)}]`;
        return `${residual ? ADD : ""}${inner}${times === undefined ? "" : `*${times}`}${optional ? "?" : ""}`;
      })
      .join(" -> ");
  };
  return `INPUT -> ${format(pattern, 0)}`;
}
