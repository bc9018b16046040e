import { ValueError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** A check of one option: returns what is expected, in words, where the value is wrong. */
export type OptionCheck = (value: unknown) => string | undefined;

/** One check for each option; with a new option the compiler asks for its check. */
export type OptionChecks<O extends object> = { readonly [K in keyof O]-?: OptionCheck };

const isNumber = (value: unknown): value is number => typeof value === "number";

/** Accepts every value: for options that are checked where they are used. */
export const anyOption: OptionCheck = () => undefined;

/** Accepts `true` and `false`. */
export const booleanOption: OptionCheck = (value) => (typeof value === "boolean" ? undefined : "true or false");

/** Accepts finite numbers from `least` to `most`, both included. */
export const numberFrom =
  (least: number, most: number = Infinity): OptionCheck =>
  (value) =>
    isNumber(value) && Number.isFinite(value) && value >= least && value <= most
      ? undefined
      : `a number ${most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`}`;

/** Accepts finite numbers above `least` and, where `below` is given, below it. */
export const numberAbove =
  (least: number, below: number = Infinity): OptionCheck =>
  (value) =>
    isNumber(value) && Number.isFinite(value) && value > least && value < below
      ? undefined
      : `a number above ${least}${below === Infinity ? "" : ` and below ${below}`}`;

/** Accepts numbers of at least 0 and below 1, such as the decay of a moving average. */
export const fractionOption: OptionCheck = (value) =>
  isNumber(value) && value >= 0 && value < 1 ? undefined : "a number of at least 0 and below 1";

/** Accepts whole numbers from `least` to `most`, both included. */
export const wholeFrom =
  (least: number, most: number = Number.MAX_SAFE_INTEGER): OptionCheck =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `a whole number ${most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`}`;

/** Accepts seeds: whole numbers from 0 to 2³² − 1, every one of which gives other random numbers. */
export const seedOption: OptionCheck = /* @__PURE__ */ wholeFrom(0, 0xffffffff);

/** Accepts functions. */
export const functionOption: OptionCheck = (value) => (typeof value === "function" ? undefined : "a function");

/** Accepts the given strings. */
export const oneOf =
  (...names: readonly string[]): OptionCheck =>
  (value) =>
    typeof value === "string" && names.includes(value) ? undefined : names.map((name) => `"${name}"`).join(" or ");

/**
 * Checks one value that must be given.
 *
 * @param owner - What it belongs to; the error begins with it.
 * @throws {@link ValueError} where it is wrong.
 *
 * @example
 * ```ts
 * checkValue("setSeed", "seed", 7, seedOption);
 * ```
 */
export function checkValue(owner: string, name: string, value: unknown, check: OptionCheck): void {
  const expected = check(value);
  if (expected !== undefined) throw new ValueError({ operation: owner, what: name, expected, got: value });
}

function unknownOption(owner: string, name: string, known: readonly string[]): ValueError {
  const hint = nearest(name, known);
  return new ValueError({
    operation: owner,
    problem: `unknown option "${name}"`,
    fix:
      hint !== undefined
        ? `did you mean "${hint}"? Options are ${known.join(", ")}`
        : known.length === 0
          ? "it has no options"
          : `options are ${known.join(", ")}`,
  });
}

/**
 * Checks an object of options: refuses unknown names, naming the nearest known one, and wrong values. Options that are
 * `undefined` keep their defaults and are not checked.
 *
 * @param owner - What the options belong to, `"Dropout"` or `"fit"`; the error begins with it.
 * @throws {@link ValueError} where an option is unknown or its value is wrong.
 *
 * @example
 * ```ts
 * checkOptions("Dropout", { rate: 0.2 }, { rate: fractionOption });
 * ```
 */
export function checkOptions<O extends object>(owner: string, options: O, checks: OptionChecks<O>): void {
  const all = new Map<string, OptionCheck>(Object.entries(checks));
  const known = [...all.keys()];
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new ValueError({
      operation: owner,
      expected: `an object of options { ${known.join(", ")} }`,
      got: options,
    });
  for (const [name, value] of Object.entries(options)) {
    const check = all.get(name);
    if (check === undefined) throw unknownOption(owner, name, known);
    if (value !== undefined) checkValue(owner, name, value, check);
  }
}
