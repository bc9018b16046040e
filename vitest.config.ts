import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { texts } from "./apps/explorer/texts.ts";
import { chromium, quiet, softwareGraphics } from "./tools/chromium.mjs";

// Tests run on the sources: every package exports them under this condition.
const conditions = ["@convlens/source"];

/** Only what hangs takes longer, on a busy machine, too. In milliseconds. */
const longest = 120_000;

const projects: TestProjectConfiguration[] = [
  {
    plugins: [texts()],
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name: "unit",
      include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts"],
      exclude: ["**/*.browser.test.ts", "**/node_modules/**"],
      testTimeout: longest,
    },
  },
];

if (chromium === undefined) {
  if (process.env["CI"]) throw new Error("No Chromium found: the browser tests must run on CI.");
  console.warn("\n  SKIPPED: the browser tests. No Chromium found; install one or set CONVLENS_CHROMIUM.\n");
} else {
  projects.push(
    // Shared memory needs an isolated page.
    inBrowser(
      "browser",
      { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
      {
        include: ["packages/*/test/**/*.browser.test.ts", "apps/*/test/**/*.browser.test.ts"],
        exclude: ["**/remoteWorker.browser.test.ts", "**/node_modules/**"],
      },
    ),
    // As most hosts serve pages.
    inBrowser(
      "browser without shared memory",
      {},
      {
        include: ["packages/{backend-cpu,tensor,training}/test/**/*.browser.test.ts"],
        exclude: ["**/threads.browser.test.ts", "**/node_modules/**"],
      },
    ),
  );
}

/** Tests that run in pages which are served with these headers. */
function inBrowser(
  name: string,
  headers: Readonly<Record<string, string>>,
  files: { readonly include: string[]; readonly exclude?: string[] },
): TestProjectConfiguration {
  return {
    plugins: [texts()],
    resolve: { conditions },
    worker: { format: "es" },
    server: { headers },
    test: {
      name,
      ...files,
      // The net that the explorer opens with.
      globalSetup: ["apps/explorer/prepare.mjs"],
      testTimeout: longest,
      // Pages compute in workers, on machines that may have other things to do.
      expect: { poll: { timeout: 20_000 } },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: {
            executablePath: chromium!,
            args: [...quiet, ...softwareGraphics],
          },
        }),
        instances: [{ browser: "chromium" }],
      },
    },
  };
}

// With TEST_RESULTS, what passed and failed is also written to a file, to be counted.
const results = process.env["TEST_RESULTS"];

export default defineConfig({
  test: { projects, reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]] },
});
