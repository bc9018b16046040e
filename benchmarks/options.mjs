// What the commands understand.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

const help = `
  --threads 1,2          on so many threads each
  --deterministic false  handed to cpu(), as are
  --winograd false
  --nodes this,newest    the Node that runs this, and the newest that npm has (there with deterministic: false)
  --only PATTERN         only works whose name fits this regular expression
  --quick                a look whether all runs; times are not to be trusted
  --out NAME             benchmarks/results/NAME.json and NAME.svg`;

/** How long each work is measured: rounds for each contestant, and seconds. */
const paces = {
  full: { rounds: 7, seconds: 0.25, warm: 0.5, least: 15 },
  quick: { rounds: 2, seconds: 0.02, warm: 0.02, least: 1 },
};

/** The options of a command line; says what there is, and ends, if it does not understand. */
export function readOptions(name, defaults) {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        threads: { type: "string", default: defaults.threads },
        nodes: { type: "string", default: defaults.nodes },
        deterministic: { type: "string" },
        winograd: { type: "string" },
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
    cpu: { ...given("deterministic"), ...given("winograd") },
    fits: (work) => values.only === undefined || new RegExp(values.only).test(work),
    isQuick: values.quick,
    pace: values.quick ? paces.quick : paces.full,
    // What is not the whole does not take the place of what is.
    out: values.out ?? `${defaults.out}${isPart ? "-part" : ""}`,
  };
}

/** One thread, and as many as there are cores. */
export const oneAndAll = [...new Set([1, availableParallelism()])].join();
