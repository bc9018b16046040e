import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { texts } from "./apps/explorer/texts.ts";
import { chromium, quiet, softwareGraphics } from "./tools/chromium.mjs";

// Tests run on the sources: every package exports them under this condition.
const conditions = ["@convlens/source"];

/** Milliseconds that a test may take. Only a test that hangs takes longer, even on a busy machine. */
const testTimeout = 120_000;

/** The folder of the package whose tests run. Default: all. */
const folder = process.env["TEST_FOLDER"];
const isTested = (path: string): boolean => folder === undefined || path.startsWith(`${folder}/`);
const tests = `${folder ?? "{packages,apps}/*"}/test/**`;

/** Tests that need a graphics processor. Here it is software, and slow. */
const gpuTests = [
  "packages/backend-gpu/test/**/*.browser.test.ts",
  "packages/convlens/test/gpu.browser.test.ts",
  "apps/explorer/test/graphics.browser.test.ts",
];
/** Browser tests that also run in pages without shared memory, as most hosts serve them. */
const testsWithoutSharedMemory = ["backend-cpu", "tensor", "training"].map(
  (name) => `packages/${name}/test/**/*.browser.test.ts`,
);
/** Shared memory needs an isolated page. */
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const projects: TestProjectConfiguration[] = [
  {
    plugins: [texts()],
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name: "unit",
      include: [`${tests}/*.test.ts`],
      exclude: ["**/*.browser.test.ts", "**/node_modules/**"],
      testTimeout,
    },
  },
];

if (chromium === undefined) {
  if (process.env["CI"]) throw new Error("No Chromium found: the browser tests must run on CI.");
  console.warn("\n  SKIPPED: the browser tests. No Chromium found; install one or set CONVLENS_CHROMIUM.\n");
} else {
  projects.push(
    inBrowser("browser", isolated, [`${tests}/*.browser.test.ts`], [...gpuTests, "**/remoteWorker.browser.test.ts"]),
    inBrowser("browser without shared memory", {}, testsWithoutSharedMemory, ["**/threads.browser.test.ts"]),
    inBrowser("gpu", isolated, gpuTests, []),
  );
}

/** Tests that run in pages which are served with these headers. */
function inBrowser(
  name: string,
  headers: Readonly<Record<string, string>>,
  include: string[],
  exclude: string[],
): TestProjectConfiguration {
  return {
    plugins: [texts()],
    resolve: { conditions },
    // Packages are tested at the same time, and each run writes the dependencies that it has bundled.
    cacheDir: `node_modules/.vite/${folder ?? "all"}/${name.replaceAll(" ", "-")}`,
    worker: { format: "es" },
    server: { headers },
    test: {
      name,
      include: include.filter(isTested),
      exclude: [...exclude, "**/node_modules/**"],
      // The network that the explorer opens with.
      ...(isTested("apps/explorer/") && { globalSetup: ["apps/explorer/prepare.mjs"] }),
      testTimeout,
      // Pages compute in workers, and other programs may use the machine.
      expect: { poll: { timeout: 20_000 } },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { executablePath: chromium!, args: [...quiet, ...softwareGraphics] },
        }),
        instances: [{ browser: "chromium" }],
      },
    },
  };
}

// With TEST_RESULTS, the results are also written to that file.
const results = process.env["TEST_RESULTS"];

export default defineConfig({
  test: {
    projects,
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
    slowTestThreshold: 2000,
  },
});
