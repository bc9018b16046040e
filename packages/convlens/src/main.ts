import { ConvlensError } from "@convlens/backend";
import { evaluate } from "./commands/evaluate.ts";
import { inspect } from "./commands/inspect.ts";
import { summary } from "./commands/summary.ts";
import { train } from "./commands/train.ts";
import { CommandLineError } from "./options.ts";

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
`;

/** Runs the command line: gives the exit code, 2 for what cannot be understood, 1 for what went wrong. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help);
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`convlens: there is no command "${name}"\n\n${help}`);
    return 2;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof CommandLineError) {
      process.stderr.write(`convlens ${name}: ${error.message}\n`);
      return 2;
    }
    if (!(error instanceof ConvlensError)) throw error;
    process.stderr.write(`convlens ${name}: ${error.message}\n`);
    return 1;
  }
}
