import { readFile } from "node:fs/promises";
import { ConvlensError } from "@convlens/backend";
import { evaluate } from "./commands/evaluate.ts";
import { inspect } from "./commands/inspect.ts";
import { summary } from "./commands/summary.ts";
import { train } from "./commands/train.ts";
import { isFileError, messageOf, reasonOf } from "./fileErrors.ts";
import { CommandLineError, hint } from "./options.ts";
import { printable } from "./printable.ts";

/** One command of the command line: gives the exit code. */
export type Command = (args: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, { readonly run: Command; readonly about: string }>> = {
  train: { run: train, about: "train a net, with a report to look at" },
  evaluate: { run: evaluate, about: "test a trained net" },
  summary: { run: summary, about: "shapes, parameters and products of a net" },
  inspect: { run: inspect, about: "what a trained net holds, and what it makes of an example" },
};

const help = `convlens <command>

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join("\n")}

  convlens train mnist --model lenet --epochs 3
  convlens <command> --help tells more.
  convlens --version prints the version.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 130 stopped by Ctrl-C and 143 by a signal to end, where
convlens train saves first; 141 the reader of the output closed it.
`;

/** Prints an error as one sentence and returns the exit code. */
function fail(command: string, error: unknown): number {
  const say = (text: string): void => void process.stderr.write(printable(`convlens ${command}: ${text}\n`));
  if (error instanceof CommandLineError) {
    say(`${error.message}\n(convlens ${command} --help tells more)`);
    return 2;
  }
  if (error instanceof ConvlensError) say(error.message);
  else if (isFileError(error)) say(`${error.path ?? error.syscall}: ${reasonOf(error)}`);
  else
    say(`unexpected ${error instanceof Error ? error.name : "error"}: ${messageOf(error)} (where: CONVLENS_DEBUG=1)`);
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
