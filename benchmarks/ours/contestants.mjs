// Convlens on one thread and on many, on this Node and on the newest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { newestNode } from "../../tools/run.mjs";
import { Contestant } from "../contest/contestant.mjs";

const script = join(import.meta.dirname, "contestant.mjs");
const versionOf = (node) => spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim().split(".")[0].slice(1);

/** A contestant for each Node and number of threads. `id`: `ours@2`, `newest@1`. */
export const ours = ({ threads, nodes, cpu }) =>
  nodes.flatMap((which) => {
    const node = which === "newest" ? newestNode() : process.execPath;
    if (node === undefined) return [];
    const given = which === "newest" ? { deterministic: false, ...cpu } : cpu;
    return threads.map((count) => {
      const options = { ...given, threads: count };
      const on = count === 1 ? "1 thread" : `${count} threads`;
      return Object.assign(
        new Contestant({
          name: `convlens, ${on}${which === "newest" ? `, Node ${versionOf(node)}` : ""}`,
          command: node,
          args: [script, JSON.stringify(options)],
          threads: count,
          isOurs: true,
        }),
        { id: `${which === "newest" ? "newest" : "ours"}@${count}`, node, options },
      );
    });
  });
