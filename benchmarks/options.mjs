// Options of the commands.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

const help = `
  --threads 1,2          numbers of threads
  --deterministic false  passed to cpu(), as is
  --winograd false
  --wide true
  --nodes this,newest    this Node, and the newest one on npm (with deterministic: false)
  --only PATTERN         only workloads whose names match this regular expression
  --quick                a short run that checks that everything works; its times mean nothing
  --out NAME             benchmarks/results/NAME.json and NAME.svg`;

/** How long each workload is measured: rounds of each contestant, and seconds. */
const paces = {
  full: { rounds: 7, seconds: 0.25, warm: 0.5, least: 15 },
  quick: { rounds: 2, seconds: 0.02, warm: 0.02, least: 1 },
};

/** Parses the command line. Prints the options and exits if it is wrong. */
export function readOptions(name, defaults) {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        threads: { type: "string", default: defaults.threads },
        nodes: { type: "string", default: defaults.nodes },
        deterministic: { type: "string" },
        winograd: { type: "string" },
        wide: { type: "string" },
        only: { type: "string" },
        out: { type: "string" },
        quick: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    console.error(`${error.message}\n${help}`);
    process.exit(1);
  }
  if (values.help) {
    console.log(`pnpm ${name}${help}`);
    process.exit(0);
  }
  const isPart = values.quick || values.only !== undefined;
  const given = (option) => (values[option] === undefined ? {} : { [option]: values[option] !== "false" });
  return {
    threads: values.threads.split(",").map(Number),
    nodes: values.nodes.split(","),
    cpu: { ...given("deterministic"), ...given("winograd"), ...given("wide") },
    fits: (work) => values.only === undefined || new RegExp(values.only).test(work),
    isQuick: values.quick,
    pace: values.quick ? paces.quick : paces.full,
    // Partial results do not replace complete ones.
    out: values.out ?? `${defaults.out}${isPart ? "-part" : ""}`,
  };
}

/** One thread, and one per core. */
export const oneAndAll = [...new Set([1, availableParallelism()])].join();
