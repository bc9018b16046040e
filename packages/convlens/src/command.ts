import { flagOf, parse, type Options, type Parsed } from "./options.ts";

/** A command of the command line. */
export interface Command {
  /** One line for the list of commands. */
  readonly about: string;
  /** Runs it, or prints its help; returns the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** What a command is made of. */
export interface CommandParts<O extends Options> {
  readonly about: string;
  /** How it is typed, one line each. */
  readonly usage: readonly string[];
  /** More about it, for its help. */
  readonly details?: string;
  /** The word after the name, and what it may be. */
  readonly argument?: readonly [name: string, about: string];
  readonly options: O;
  /** Does the work and returns the exit code. */
  readonly run: (parsed: Parsed<O>) => Promise<number>;
}

/** Makes a command whose help and parsing derive from its table of options. */
export const command = <const O extends Options>(parts: CommandParts<O>): Command => ({
  about: parts.about,
  async run(args) {
    const { help, ...parsed } = parse(args, parts.options);
    if (!help) return parts.run(parsed);
    process.stdout.write(helpOf(parts));
    return 0;
  },
});

/** Columns of the help: where the sentences begin, and where lines end. */
const [SENTENCES, WIDTH] = [25, 100];

function helpOf({ usage, about, details, argument, options }: Omit<CommandParts<Options>, "run">): string {
  const rows = Object.entries(options).map(([name, { value, about, default: otherwise }]) => [
    `${flagOf(name)}${value === undefined ? "" : ` <${value}>`}`,
    `${about}${otherwise === undefined ? "" : ` (${otherwise})`}`,
  ]);
  return [
    ...usage.map((line) => `convlens ${line}`),
    "",
    ...folded(
      `${about.charAt(0).toUpperCase()}${about.slice(1)}.${details === undefined ? "" : ` ${details}`}`,
      WIDTH - 2,
    ).map((line) => `  ${line}`),
    "",
    ...[...(argument === undefined ? [] : [argument]), ...rows].flatMap(([head, text]) =>
      folded(text, WIDTH - SENTENCES).map((line, i) => `${`  ${i === 0 ? head : ""}`.padEnd(SENTENCES - 1)} ${line}`),
    ),
    "",
  ].join("\n");
}

/** Splits a text between words into lines of at most `width` characters. */
const folded = (text: string, width: number): string[] =>
  text.match(new RegExp(`\\S.{0,${width - 1}}(?=\\s|$)|\\S+`, "g")) ?? [];
