// Single measurements, not in turns: costs, start times, sizes. Each runs in its own process.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const pathOf = (name) => join(import.meta.dirname, `${name}.mjs`);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

function run(name, told, { node = process.execPath, flags = [] } = {}) {
  const { status, stdout, stderr } = spawnSync(node, [...flags, pathOf(name), JSON.stringify(told)], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${name} failed with ${status}: ${stderr}`);
  return stdout.trim() === "" ? {} : JSON.parse(stdout.trim().split("\n").at(-1));
}

/** The run with the median figure. */
function middle(count, one, numberOf) {
  const runs = Array.from({ length: count }, one).sort((a, b) => numberOf(a) - numberOf(b));
  return runs[runs.length >> 1];
}

/** Duration of a process in ms. */
function lifeOf(args, node) {
  const began = performance.now();
  const { status, stderr } = spawnSync(node, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args[0]} failed with ${status}: ${stderr}`);
  return performance.now() - began;
}

/** By name: `ofAll` is measured once, the others for each `node` and `options` of cpu(). */
export const singles = {
  recording: { ofAll: true, measure: (_, { isQuick }) => run("recording", { seconds: isQuick ? 0.05 : 1 }) },
  bundle: { ofAll: true, measure: () => run("bundle", {}) },
  "call-cost": {
    measure: ({ node, options }, { isQuick }) => run("callCost", { seconds: isQuick ? 0.05 : 1, options }, { node }),
  },
  tapping: {
    measure: ({ node, options }, { isQuick }) => run("tapping", { rounds: isQuick ? 8 : 200, options }, { node }),
  },
  updates: {
    measure: ({ node, options }, { isQuick }) => run("updates", { rounds: isQuick ? 8 : 200, options }, { node }),
  },
  "first-call": {
    measure: ({ node, options }, { isQuick }) =>
      middle(
        isQuick ? 1 : 5,
        () => run("firstCall", { steps: isQuick ? 6 : 45, options }, { node }),
        (r) => r.first,
      ),
  },
  start: {
    measure: ({ node, options }, { isQuick }) => {
      const lives = Array.from({ length: isQuick ? 1 : 5 }, () => ({
        empty: lifeOf(["--eval", ""], node),
        whole: lifeOf([pathOf("start"), JSON.stringify({ options })], node),
      }));
      return { emptyNode: median(lives.map(({ empty }) => empty)), start: median(lives.map(({ whole }) => whole)) };
    },
  },
  memory: {
    measure: ({ node, options }, { isQuick }) =>
      run(
        "memory",
        { steps: isQuick ? 1000 : 10_000, options },
        { node, flags: ["--expose-gc", "--max-semi-space-size=128"] },
      ),
  },
};
