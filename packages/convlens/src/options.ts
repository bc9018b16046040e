import { parseArgs, type ParseArgsConfig } from "node:util";

/** What was typed cannot be understood. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<O extends Options> = { readonly [K in keyof O]?: O[K]["type"] extends "boolean" ? boolean : string };

/** The options and other words of a command; prints its help and gives nothing, if that is asked for. */
export function parse<const O extends Options>(
  args: readonly string[],
  options: O,
  help: string,
): { readonly values: Values<O>; readonly words: readonly string[] } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if ((values as { help?: boolean }).help) {
      process.stdout.write(help);
      return undefined;
    }
    return { values: values as Values<O>, words: positionals };
  } catch (error) {
    throw new CommandLineError(`${(error as Error).message}\n\n${help}`);
  }
}

/** A number from an option, or what it is if not given. */
export function numberOption(
  name: string,
  text: string | undefined,
  otherwise: number,
  {
    least = 0,
    most = Infinity,
    whole = true,
  }: { readonly least?: number; readonly most?: number; readonly whole?: boolean } = {},
): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (
    text.trim() === "" ||
    !Number.isFinite(value) ||
    value < least ||
    value > most ||
    (whole && !Number.isInteger(value))
  )
    throw new CommandLineError(
      `--${name}: expected a ${whole ? "whole " : ""}number ${most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`}, got "${text}"`,
    );
  return value;
}

/** One of a few names. */
export function choice<T>(what: string, name: string, known: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(known, name)) return known[name]!;
  throw new CommandLineError(`there is no ${what} "${name}"; there are ${Object.keys(known).join(", ")}`);
}
