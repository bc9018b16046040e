import { parseArgs } from "node:util";
import { nearest } from "@convlens/backend";

/** What was typed cannot be understood. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

type Options = Readonly<Record<string, { readonly type: "string" | "boolean" }>>;
type Values<O extends Options> = { readonly [K in keyof O]?: O[K]["type"] extends "boolean" ? boolean : string };

/** `; did you mean …?` for the known name that is most like what was typed. */
export function hint(name: string, known: readonly string[], prefix = ""): string {
  const near = nearest(name, known);
  return near === undefined ? "" : `; did you mean ${prefix}${near}?`;
}

/** The options and other words of a command; prints its help and gives nothing, if that is asked for. */
export function parse<const O extends Options>(
  args: readonly string[],
  options: O,
  help: string,
): { readonly values: Values<O>; readonly words: readonly string[] } | undefined {
  const known: Options = { ...options, help: { type: "boolean" } };
  const names = Object.keys(known);
  // Checked here, for errors that name the nearest option.
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...known, help: { type: "boolean", short: "h" } },
    strict: false,
    tokens: true,
  });
  const values: Record<string, string | true> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    if (!Object.hasOwn(known, name))
      throw new CommandLineError(`there is no option ${rawName}${hint(name, names, "--")}`);
    if (known[name]!.type === "boolean") {
      if (value !== undefined) throw new CommandLineError(`${rawName} takes no value`);
      values[name] = true;
      continue;
    }
    if (value === undefined || (!inlineValue && value.startsWith("--")))
      throw new CommandLineError(`${rawName} needs a value: ${rawName} <value>`);
    values[name] = value;
  }
  if (values["help"] === true) {
    process.stdout.write(help);
    return undefined;
  }
  return { values: values as Values<O>, words };
}

/** The one word of a command. */
export function onlyWord(words: readonly string[], what: string): string {
  const [word] = words;
  if (word === undefined || word === "" || words.length > 1)
    throw new CommandLineError(`expected ${what}, got ${words.join(" ") || "nothing"}`);
  return word;
}

/** A number from an option, or what it is if not given. `above`: the number that it must be larger than, instead of `least`. */
export function numberOption(
  name: string,
  text: string | undefined,
  otherwise: number,
  {
    least = 0,
    above,
    most = Infinity,
    whole = true,
  }: { readonly least?: number; readonly above?: number; readonly most?: number; readonly whole?: boolean } = {},
): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (
    text.trim() === "" ||
    !Number.isFinite(value) ||
    (above === undefined ? value < least : value <= above) ||
    value > most ||
    (whole && !Number.isSafeInteger(value))
  ) {
    const bounds =
      above !== undefined ? `above ${above}` : most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new CommandLineError(`--${name}: expected a ${whole ? "whole " : ""}number ${bounds}, got "${text}"`);
  }
  return value;
}

/** One of a few names. */
export function choice<T>(what: string, name: string, known: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(known, name)) return known[name]!;
  throw new CommandLineError(`there is no ${what} "${name}"; there are ${Object.keys(known).join(", ")}`);
}
