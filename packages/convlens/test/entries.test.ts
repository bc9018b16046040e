import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as main from "../src/index.ts";

const packages = join(import.meta.dirname, "../..");
const manifestOf = (folder: string): { readonly exports: Readonly<Record<string, Record<string, string> | string>> } =>
  JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8"));
const own = manifestOf("convlens").exports;

it("the main entry exports a few dozen names", () => {
  const { length } = Object.keys(main);
  expect(length).toBeGreaterThan(30);
  expect(length).toBeLessThan(60);
});

// Entries need neither node: modules nor a test runner.
const entries = readdirSync(packages)
  .filter((folder) => folder !== "convlens")
  .flatMap((folder) =>
    Object.keys(manifestOf(folder).exports)
      .filter((entry) => !entry.endsWith(".json"))
      .map((entry) => join(folder, entry)),
  );

it("every entry of a package has a sub-path", () => {
  const paths = Object.keys(own).filter((path) => path !== "." && !path.endsWith(".json"));
  expect(paths.sort()).toEqual(entries.map((entry) => `./${entry}`).sort());
});

it.each(entries)("convlens/%s exports what @convlens/%s does", async (entry) => {
  const { "@convlens/source": source } = own[`./${entry}`] as Record<string, string>;
  // One after the other: two imports at once may each load the module.
  const there = (await import(/* @vite-ignore */ `@convlens/${entry}`)) as object;
  const here = (await import(/* @vite-ignore */ join(packages, "convlens", source!))) as object;
  expect(here).toEqual(there);
});
