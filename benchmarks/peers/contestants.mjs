// The other libraries.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Contestant } from "../contest/contestant.mjs";

const here = import.meta.dirname;
const withThreads = (name, threads) => `${name}, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
const python = () =>
  ["/usr/bin/python3", "python3"].find(
    (command) => spawnSync(command, ["-c", "import torch, numpy"], { stdio: "ignore" }).status === 0,
  );

/** By id: name, file, and whether it can use several threads outside of a browser. */
const packages = {
  "tfjs-wasm": ["tfjs-wasm", "tfjsWasm.mjs", false],
  "ort-web": ["onnxruntime-web", "ortWeb.mjs", true],
  "ort-node": ["onnxruntime-node", "ortNode.mjs", true],
  "jax-js": ["jax-js", "jaxJs.mjs", false],
  convnetjs: ["ConvNetJS", "convNetJs.mjs", false],
};

/** Installs the packages from the lockfile, without install scripts, unless they are installed. */
export function install() {
  const lockfile = readFileSync(join(here, "pnpm-lock.yaml"), "utf8");
  const installed = join(here, "node_modules/.pnpm/lock.yaml");
  if (existsSync(installed) && readFileSync(installed, "utf8") === lockfile) return;
  console.log("installing the peers, once: about 500 MB");
  const args = ["install", "--frozen-lockfile", "--ignore-scripts"];
  const { status, error } = spawnSync("pnpm", args, { cwd: here, stdio: "inherit" });
  if (status !== 0)
    throw new Error(
      `pnpm ${args.join(" ")} failed in ${here} (${error?.message ?? status}); run it by pnpm bench:peers`,
    );
}

/** A contestant for each number of threads; prints which are missing, and why. */
export function peers(counts) {
  const found = Object.entries(packages).flatMap(([id, [name, file, canShare]]) =>
    counts.flatMap((threads) => {
      if (threads > 1 && !canShare) {
        console.log(`${name} has one thread only in Node: not entered with ${threads}`);
        return [];
      }
      const args = [join(here, file), `${threads}`];
      const made = new Contestant({ name: withThreads(name, threads), command: process.execPath, args, threads });
      return [Object.assign(made, { id: `${id}@${threads}` })];
    }),
  );
  const command = python();
  if (command === undefined) {
    console.log("PyTorch is not installed (python3 with torch and numpy): left out");
    return found;
  }
  const torch = counts.flatMap((threads) =>
    ["first", "last"].map((channels) => {
      const name = withThreads(channels === "last" ? "PyTorch, channels last" : "PyTorch", threads);
      const env = { OMP_NUM_THREADS: `${threads}` };
      const args = [join(here, "pyTorch.py"), `${threads}`, channels];
      const made = new Contestant({ name, command, args, threads, env });
      return Object.assign(made, { id: `${channels === "last" ? "torch-last" : "torch"}@${threads}` });
    }),
  );
  return [...found, ...torch];
}
