// Running other programs, for the tools beside this file.
import { spawnSync } from "node:child_process";

/** Runs a command to its end and returns what it printed; throws with all of it if it fails. */
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
