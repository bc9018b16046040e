import type { OptionCheck, OptionChecks } from "./options.ts";

/** Accepts strings. */
export const textField: OptionCheck = (value) => (typeof value === "string" ? undefined : "a text");

/** Accepts numbers, including NaN and infinities. */
export const numberField: OptionCheck = (value) => (typeof value === "number" ? undefined : "a number");

/** Accepts an absent field, and every value that `check` accepts. */
export const optionalField =
  (check: OptionCheck): OptionCheck =>
  (value) =>
    value === undefined ? undefined : check(value);

/** Says what is wrong with a field: `epochs[2].loss is not a number`. For a nested field, `expected` begins with its path. */
const problem = (name: string, expected: string): string =>
  /^[.[]/.test(expected) ? `${name}${expected}` : `${name} is not ${expected}`;

/** Accepts arrays whose entries `check` accepts. */
export const arrayField =
  (check: OptionCheck): OptionCheck =>
  (value) => {
    if (!Array.isArray(value)) return "an array";
    const wrong = value.findIndex((entry) => check(entry) !== undefined);
    return wrong < 0 ? undefined : problem(`[${wrong}]`, check(value[wrong])!);
  };

/** Accepts objects whose fields pass their checks. Fields without a check are ignored. */
export const objectField =
  <O extends object>(checks: OptionChecks<O>): OptionCheck =>
  (value) => {
    if (typeof value !== "object" || value === null) return "an object";
    for (const [name, check] of Object.entries<OptionCheck>(checks)) {
      const expected = check(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined);
      if (expected !== undefined) return problem(`.${name}`, expected);
    }
    return undefined;
  };

/**
 * Checks a value that was read from a file.
 *
 * @param name - Name of the value in the sentence.
 * @returns What is wrong, as a sentence without a full stop, or `undefined`.
 *
 * @example
 * ```ts
 * const check = objectField({ rate: numberFrom(0) });
 * wrongField("run.json", JSON.parse('{ "rate": -1 }'), check); // "run.json.rate is not a number of at least 0"
 * ```
 */
export function wrongField(name: string, value: unknown, check: OptionCheck): string | undefined {
  const expected = check(value);
  return expected === undefined ? undefined : problem(name, expected);
}
