import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as analysis from "../src/index.ts";
import * as render from "../src/render/index.ts";

const root = join(import.meta.dirname, "../src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));

/** Every exported function's documentation. */
const documented = new Map(
  files.flatMap((path) =>
    [
      ...readFileSync(join(root, path), "utf8").matchAll(
        /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport (?:async )?(?:function\*?|const) (\w+)/g,
      ),
    ].map(([, text, name]) => [name!, text!] as const),
  ),
);

describe("every exported function", () => {
  const functions = Object.entries({ ...analysis, ...render }).filter(([, value]) => typeof value === "function");

  // packages/convlens/test/examples.test.ts runs them.
  it.each(functions.map(([name]) => name))("%s has an example of at most 15 lines", (name) => {
    const example = /```ts\n([\s\S]*?) \* ```/.exec(documented.get(name) ?? "")?.[1];
    expect(example).toBeDefined();
    expect(example!.split("\n").length - 1).toBeLessThanOrEqual(15);
  });
});
