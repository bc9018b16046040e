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
  return new PatternParser(pattern).pattern();
}

/** Longest pattern that an error shows in full. */
const LONGEST_SHOWN = 200;

/** Recursive descent over the tokens of a pattern. */
class PatternParser {
  readonly #text: string;
  readonly #tokens: readonly { readonly text: string; readonly at: number }[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = [...text.matchAll(/->|[[\]*?/-]|[A-Za-z]+|\d+|\S/g)].map((match) => ({
      text: match[0],
      at: match.index,
    }));
  }

  pattern(): Pattern {
    this.#take("INPUT");
    this.#take("->");
    const found = this.#parts();
    if (this.#next < this.#tokens.length) throw this.#error("-> or the end");
    return found;
  }

  #parts(): Pattern {
    const found = [this.#part()];
    while (this.#skip("->")) found.push(this.#part());
    return found;
  }

  #part(): PatternPart {
    const residual = this.#skip(ADD);
    if (residual || this.#peek() === "[") {
      this.#take("[");
      checkDepth("parsePattern", ++this.#depth);
      const inner = this.#parts();
      this.#depth--;
      this.#take("]");
      return { part: inner, ...(residual && { residual }), ...this.#ending() };
    }
    const word = words.find((each) => this.#skip(each));
    if (word === undefined) throw this.#error(`${words.join(", ")}, ${ADD} or [`);
    return { part: word, ...this.#size(word), ...this.#ending() };
  }

  #size(word: PatternWord): { readonly size?: PatternSize } {
    const isWindow = word === "CONV" || word === "POOL";
    const found: PatternSize = {
      ...(isWindow && /^\d/.test(this.#peek()) && { window: this.#number() }),
      ...((word === "CONV" || word === "FC") && this.#skip("-") && { count: this.#number() }),
      ...(isWindow && this.#skip("/") && { stride: this.#number() }),
      ...(isWindow && this.#skip("pad") && { padding: this.#number() }),
      ...(word === "CONV" && this.#skip("groups") && { groups: this.#number() }),
    };
    return Object.keys(found).length > 0 ? { size: found } : {};
  }

  #ending(): Pick<PatternPart, "times" | "optional"> {
    const times = this.#skip("*") ? this.#count() : 1;
    return { ...(times !== 1 && { times }), ...(this.#skip("?") && { optional: true }) };
  }

  #count(): number | string {
    const text = this.#peek();
    if (!/^(\d+|[A-Za-z])$/.test(text)) throw this.#error("a number or a letter");
    this.#next++;
    return /\d/.test(text) ? Number(text) : text;
  }

  #number(): number {
    const text = this.#peek();
    if (!/^\d+$/.test(text)) throw this.#error("a number");
    this.#next++;
    return Number(text);
  }

  #peek(): string {
    return this.#tokens[this.#next]?.text ?? "the end";
  }

  #skip(text: string): boolean {
    const isNext = this.#peek() === text;
    if (isNext) this.#next++;
    return isNext;
  }

  #take(text: string): void {
    if (!this.#skip(text)) throw this.#error(text);
  }

  /** Returns an error that shows the pattern, or the part around the error, and marks the column. */
  #error(expected: string): ValueError {
    const got = this.#peek();
    const column = this.#tokens[this.#next]?.at ?? this.#text.length;
    const isWord = expected.startsWith(words[0]!) && /^[a-z]{2,}$/i.test(got);
    const near = isWord ? nearest(got.slice(0, 40).toUpperCase(), [...words, ADD]) : undefined;
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    const isLong = this.#text.length > LONGEST_SHOWN;
    const start = isLong ? Math.max(0, column - 60) : 0;
    const shown = isLong ? this.#text.slice(start, column + 60) : this.#text;
    return new ValueError({
      operation: "parsePattern",
      expected: `${expected} at column ${column + 1}`,
      got,
      gotWords: `${got.slice(0, 40)}${hint}:\n${shown}\n${" ".repeat(column - start)}^`,
    });
  }
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
