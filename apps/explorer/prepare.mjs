// Creates the data of the page, unless it exists: node prepare.mjs [--force]. Training the network takes a few seconds.
// It runs the sources of the packages, so no build is needed.
import { join } from "node:path";
import { runnerImport } from "vite";

const here = import.meta.dirname;
export const dataFolder = join(here, "data");

/** Creates the data; `onProgress` is called after each step of training. */
export async function prepareData({ force = false, onProgress } = {}) {
  const resolve = { conditions: ["@convlens/source", "module", "node"], noExternal: /^@convlens\// };
  const { module } = await runnerImport(join(here, "prepare/prepare.ts"), {
    configFile: false,
    root: here,
    logLevel: "error",
    resolve,
    environments: { inline: { consumer: "server", resolve } },
  });
  await module.prepare(dataFolder, { force, onProgress });
}

/** For vitest. */
export const setup = () => prepareData();

if (import.meta.filename === process.argv[1])
  await prepareData({
    force: process.argv.includes("--force"),
    onProgress: ({ record: { kind, epoch, validation }, epochs }) =>
      kind === "epoch" &&
      console.log(
        `net of the page: epoch ${epoch + 1}/${epochs}, test accuracy ${(100 * validation.metrics.accuracy).toFixed(2)} %`,
      ),
  });
