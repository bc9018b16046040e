// Fuzzers: pnpm fuzz [--only NAME[,NAME]] [--seconds N] [--seed S]
//
// Runs the modules of tools/fuzz on the sources of the packages, one on each processor. Each tries the number of cases that it
// exports as `count`, so that every machine tries the same ones; with --seconds it tries cases for that time instead.
// Each runs in its own process, so that one that hangs or exhausts its memory fails like any other. Exits with 1 after a failure.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createServer } from "vite";

const here = import.meta.dirname;
/** Peak memory of a process in MiB, unless the module exports `megabytes`. */
const MEGABYTES = 1024;
/** Seconds that the cases of one module may take, on a busy machine too. */
const LONGEST = 600;
/** Seconds for starting, and for the last case. */
const GRACE = 60;

/** Uses a module of tools/fuzz, which may import the TypeScript sources of the packages, also while it runs. */
async function withModule(file, use) {
  const vite = await createServer({
    configFile: false,
    root: here,
    logLevel: "error",
    appType: "custom",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    ssr: { noExternal: /^@convlens\//, resolve: { conditions: ["@convlens/source", "module", "node"] } },
  });
  try {
    return await use(await vite.ssrLoadModule(join(here, "fuzz", file)));
  } finally {
    await vite.close();
  }
}

/** Runs one module in this process and prints its line. */
async function runHere({ name, run, count, megabytes = MEGABYTES }, seed, seconds) {
  const end = Date.now() + 1000 * seconds;
  const tried = await run({
    seed,
    until: (cases) => (seconds === undefined ? cases >= count : Date.now() >= end),
    report: (text) => console.log(`${name}: ${text}`),
  });
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`${name}: ${tried} cases, seed ${seed}, at most ${peak} MiB`);
  if (!(tried > 0)) throw new Error(`${name} tried no case`);
  if (peak > megabytes) throw new Error(`${name} used ${peak} MiB; the limit is ${megabytes} MiB; seed ${seed}`);
}

/** Runs one module in its own process and returns whether it passed. */
function runApart(file, seed, seconds) {
  const time = seconds === undefined ? [] : ["--seconds", `${seconds}`];
  const child = spawn(process.execPath, [import.meta.filename, "--module", file, "--seed", `${seed}`, ...time], {
    stdio: "inherit",
  });
  const limit = (seconds ?? LONGEST) + GRACE;
  const timer = setTimeout(() => {
    console.error(`${file}: still running after ${limit} s: it is slow, or one case takes too long; seed ${seed}`);
    child.kill("SIGKILL");
  }, 1000 * limit);
  return new Promise((resolve) =>
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      if (code !== 0)
        console.error(`${file}: FAILED (${signal ?? code}); repeat with --only ${file.slice(0, -4)} --seed ${seed}`);
      resolve(code === 0);
    }),
  );
}

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    only: { type: "string" },
    seconds: { type: "string" },
    seed: { type: "string", default: "1" },
    module: { type: "string" },
  },
});
const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
const seed = Number(values.seed);
if (seconds !== undefined && !(seconds > 0))
  throw new Error(`--seconds: expected a number above 0, got "${values.seconds}"`);
if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 32)
  throw new Error(`--seed: expected a whole number from 0 to ${2 ** 32 - 1}, got "${values.seed}"`);

if (values.module !== undefined) await withModule(values.module, (module) => runHere(module, seed, seconds));
else {
  const all = readdirSync(join(here, "fuzz")).filter((file) => file.endsWith(".mjs"));
  const only = values.only?.split(",");
  const unknown = only?.find((name) => !all.includes(`${name}.mjs`));
  if (unknown !== undefined)
    throw new Error(`there is no fuzzer "${unknown}"; there are ${all.map((file) => file.slice(0, -4)).join(", ")}`);
  const files = all.filter((file) => only === undefined || only.includes(file.slice(0, -4)));
  const runAll = async () => {
    for (let file = files.shift(); file !== undefined; file = files.shift())
      if (!(await runApart(file, seed, seconds))) process.exitCode = 1;
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runAll));
}
