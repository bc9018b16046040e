import { readFile } from "node:fs/promises";
import { ConvlensError } from "@convlens/backend";
import type { Command } from "./command.ts";
import { evaluate } from "./commands/evaluate.ts";
import { inspect } from "./commands/inspect.ts";
import { predict } from "./commands/predict.ts";
import { summary } from "./commands/summary.ts";
import { train } from "./commands/train.ts";
import { isFileError, messageOf, reasonOf } from "./fileErrors.ts";
import { CommandLineError, hint } from "./options.ts";
import { printable } from "./printable.ts";

const commands: Readonly<Record<string, Command>> = { train, predict, evaluate, summary, inspect };

const help = `convlens <command>

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join("\n")}

  convlens train mnist --model lenet --epochs 3
  convlens train photos --size 64 --augment flip,shift
  convlens predict runs/photos-small new.jpg
  convlens <command> --help lists the options of a command.
  convlens --version prints the version.

Exit codes: 0 success; 1 failure; 2 wrong command line; 130 interrupted by Ctrl-C and 143 terminated by a signal,
where convlens train saves first; 141 the reader of the output closed it.
`;

/** Prints an error as one sentence and returns the exit code. */
function fail(command: string, error: unknown): number {
  const say = (text: string): void => void process.stderr.write(printable(`convlens ${command}: ${text}\n`));
  if (error instanceof CommandLineError) {
    say(`${error.message}\n(convlens ${command} --help lists the options)`);
    return 2;
  }
  if (error instanceof ConvlensError) say(error.message);
  else if (isFileError(error)) say(`${error.path ?? error.syscall}: ${reasonOf(error)}`);
  else
    say(
      `unexpected ${error instanceof Error ? error.name : "error"}: ${messageOf(error)} (CONVLENS_DEBUG=1 prints where)`,
    );
  if (process.env["CONVLENS_DEBUG"] && error instanceof Error) say(error.stack ?? "");
  return 1;
}

/** Runs the command line and returns the exit code, as its help describes them. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(
      printable(`convlens: there is no command "${name}"${hint(name, Object.keys(commands))}\n\n${help}`),
    );
    return 2;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    return fail(name, error);
  }
}
