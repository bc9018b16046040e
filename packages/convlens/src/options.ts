import { parseArgs } from "node:util";
import { nearest, type OptionCheck } from "@convlens/backend";

/** Thrown where the command line is wrong. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

/** An option of a command. Parsing, help and the type of the settings derive from it. */
export interface Option {
  readonly type: "flag" | "text" | "number";
  /** One sentence for the help, in the imperative and without its full stop. */
  readonly about: string;
  /** What the help calls the value; a flag has none. */
  readonly value?: string;
  readonly default?: string | number;
  readonly check?: OptionCheck;
}

/** The options of a command by name, in camel case: `batchSize` is typed as `--batch-size`. */
export type Options = Readonly<Record<string, Option>>;

type SettingOf<O extends Option> = O["type"] extends "flag"
  ? boolean
  : (O["type"] extends "number" ? number : string) | (O extends { readonly default: unknown } ? never : undefined);

/** The values of options: those given, else the defaults. */
export type Settings<O extends Options> = { readonly [Name in keyof O]: SettingOf<O[Name]> };

/** What was typed after the name of a command. */
export interface Parsed<O extends Options> {
  readonly words: readonly string[];
  readonly settings: Settings<O>;
  /** The names of the options that were given. */
  readonly given: ReadonlySet<keyof O>;
}

/** The option of commands that print their result as JSON. */
export const jsonOption = { type: "flag", about: "print one JSON object and nothing else" } as const;

/** The option of every command. */
const helpOption = { type: "flag", about: "print this help" } as const;

/** An option as it is typed. */
export const flagOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Returns `; did you mean …?` with the known name nearest to what was typed, or nothing. */
export function hint(typed: string, known: readonly string[], prefix = ""): string {
  const near = nearest(typed, known);
  return near === undefined ? "" : `; did you mean ${prefix}${near}?`;
}

/**
 * Parses the arguments of a command. `--help` or `-h` is an option of every command.
 *
 * @throws `CommandLineError` for an unknown option, a missing value or a wrong one.
 */
export function parse<O extends Options>(args: readonly string[], options: O): Parsed<O> & { readonly help: boolean } {
  const known = new Map(
    Object.entries<Option>({ ...options, help: helpOption }).map(([name, option]) => [
      flagOf(name).slice(2),
      { name, option },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(
        Array.from(known, ([flag, { option }]) => [flag, { type: option.type === "flag" ? "boolean" : "string" }]),
      ),
      help: { type: "boolean", short: "h" },
    },
    // Checked below, so that errors can suggest the nearest option.
    strict: false,
    tokens: true,
  });
  const words: string[] = [];
  const settings: Record<string, unknown> = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, option.type === "flag" ? false : option.default]),
  );
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { rawName, value, inlineValue } = token;
    const found = known.get(token.name);
    if (found === undefined)
      throw new CommandLineError(`there is no option ${rawName}${hint(token.name, [...known.keys()], "--")}`);
    const { name, option } = found;
    given.add(name);
    if (option.type === "flag") {
      if (value !== undefined) throw new CommandLineError(`${rawName} takes no value`);
      settings[name] = true;
    } else {
      if (value === undefined || (!inlineValue && value.startsWith("--")))
        throw new CommandLineError(`${rawName} needs a value: ${rawName} <value>`);
      settings[name] = read(rawName, value, option);
    }
  }
  return { words, settings: settings as Settings<O>, given, help: settings["help"] === true };
}

function read(flag: string, text: string, { type, check }: Option): string | number {
  const value = type === "text" ? text : text.trim() === "" ? NaN : Number(text);
  const expected = check?.(value);
  if (expected !== undefined) throw new CommandLineError(`${flag}: expected ${expected}, got "${text}"`);
  return value;
}

/** Returns the only word after the name of a command. */
export function onlyWord(words: readonly string[], what: string): string {
  const [word] = words;
  if (word === undefined || word === "" || words.length > 1)
    throw new CommandLineError(`expected ${what}, got ${words.join(" ") || "nothing"}`);
  return word;
}

/** Looks up a name. */
export function choice<T>(what: string, name: string, known: Readonly<Record<string, T>>): T {
  for (const [each, value] of Object.entries(known)) if (each === name) return value;
  throw new CommandLineError(`there is no ${what} "${name}"; there are ${Object.keys(known).join(", ")}`);
}

/** Looks up one of a few names. */
export const nameOf = <N extends string>(what: string, name: string, known: readonly N[]): N =>
  choice(what, name, Object.fromEntries(known.map((each) => [each, each])));
