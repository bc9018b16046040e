import type { Texts } from "./address.ts";

/** A field of a panel's state: its initial value, and its text in the address. */
export interface Field<T> {
  readonly initial: T;
  print(value: T): string;
  /** The value of a text; `undefined` if the text is not valid. */
  parse(text: string): T | undefined;
}

/** The state that fields describe. */
export type StateOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A whole number between bounds, which its slider uses as well. */
export interface WholeField extends Field<number> {
  readonly least: number;
  readonly most: number;
}

/** A whole number from `least` to `most`. */
export const whole = (initial: number, least: number, most: number): WholeField => ({
  initial,
  least,
  most,
  print: String,
  parse: (text) => {
    // Turns "-0" into 0.
    const value = Number(text) + 0;
    return /^-?\d+$/.test(text) && value >= least && value <= most ? value : undefined;
  },
});

/** The values of a field that pass a test, the nearest to the present one first, without the present one. */
export const nearest = ({ least, most }: WholeField, now: number, passes: (value: number) => boolean): number[] =>
  Array.from({ length: most - least + 1 }, (_, i) => least + i)
    .filter((value) => value !== now && passes(value))
    .sort((a, b) => Math.abs(a - now) - Math.abs(b - now));

/** One of a few options. */
export interface ChoiceField<T extends string> extends Field<T> {
  readonly options: readonly T[];
}

/** One of `options`. */
export const choice = <T extends string>(initial: T, options: readonly T[]): ChoiceField<T> => ({
  initial,
  options,
  print: String,
  parse: (text) => options.find((option) => option === text),
});

/** Yes or no. */
export const flag = (initial: boolean): Field<boolean> => ({
  initial,
  print: (value) => (value ? "1" : "0"),
  parse: (text) => (text === "1" ? true : text === "0" ? false : undefined),
});

/** A text of the reader with at most `most` characters. */
export const text = (initial: string, most: number): Field<string> => ({
  initial,
  print: String,
  parse: (text) => (text.length <= most ? text : undefined),
});

/** Numbers that the reader typed, by the name of their cell. */
type Edits = Readonly<Record<string, number>>;

/** Largest absolute value of a cell: its text must fit. */
export const LARGEST = 99;

/** The number of a cell: within ±{@link LARGEST}, with two decimals; `undefined` if the text is not such a number. */
export function cellValue(text: string): number | undefined {
  const value = Number(text.trim().replace("−", "-").replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(value) || Math.abs(value) > LARGEST) return undefined;
  return Math.round(value * 100) / 100 + 0;
}

/** A fixed number of cells, as in `1*0*-1`. */
export const cells = (initial: readonly number[]): Field<readonly number[]> => ({
  initial,
  print: (value) => value.join("*"),
  parse: (text) => {
    const values = text.split("*").map(cellValue);
    return values.length === initial.length && values.every((value) => value !== undefined) ? values : undefined;
  },
});

const MOST_EDITS = 400;

/** Cells that were edited, as in `x0.1.2_-3*w0.0.0.0_2`. */
export const edits = (isCell: (name: string) => boolean): Field<Edits> => ({
  initial: {},
  print: (value) =>
    Object.entries(value)
      .map(([name, number]) => `${name}_${number}`)
      .join("*"),
  parse: (text) => {
    if (text === "") return {};
    const parts = text.split("*");
    const entries = parts.map((part) => {
      const [name = "", number = ""] = part.split("_");
      return [name, isCell(name) ? cellValue(number) : undefined] as const;
    });
    if (parts.length > MOST_EDITS || entries.some(([, number]) => number === undefined)) return undefined;
    return Object.fromEntries(entries as [string, number][]);
  },
});

/** The initial state of a panel. */
export function initialState<F extends object>(fields: F): StateOf<F> {
  return Object.fromEntries(
    Object.entries(fields as Record<string, Field<unknown>>).map(([name, field]) => [name, field.initial]),
  ) as StateOf<F>;
}

/** The fields of a state that differ from their initial values, as texts. */
export function printState<F extends object>(fields: F, state: StateOf<F>): Map<string, string> {
  const printed = new Map<string, string>();
  for (const [name, field] of Object.entries(fields as Record<string, Field<unknown>>)) {
    const text = field.print((state as Record<string, unknown>)[name]);
    if (text !== field.print(field.initial)) printed.set(name, text);
  }
  return printed;
}

/** A state from texts by field. Missing and invalid fields keep their initial values; invalid ones are listed in `problems`. */
export function parseState<F extends object>(
  fields: F,
  texts: Texts,
): { readonly state: StateOf<F>; readonly problems: readonly string[] } {
  const all = fields as Record<string, Field<unknown>>;
  const problems: string[] = [];
  const state: Record<string, unknown> = { ...initialState(all) };
  for (const [name, text] of texts) {
    const value = Object.hasOwn(all, name) ? all[name]!.parse(text) : undefined;
    if (value === undefined) problems.push(`${name}=${text}`);
    else state[name] = value;
  }
  return { state: state as StateOf<F>, problems };
}
