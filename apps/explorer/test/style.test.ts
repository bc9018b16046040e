import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { panels } from "../src/panels/panels.ts";

const folder = join(import.meta.dirname, "../src/style");
/** Sheets that all panels share. */
const shared = new Set(["main.css", "tokens.css", "page.css", "controls.css", "figures.css", "questions.css"]);

it("a style sheet of panels styles only these panels", () => {
  const own = readdirSync(folder).filter((name) => !shared.has(name));
  expect(own.length).toBeGreaterThan(5);
  const ids = new Set(panels.map(({ id }) => id));
  for (const name of own) {
    const text = readFileSync(join(folder, name), "utf8");
    const [, list] = /^:where\(([^)]+)\) \{\n/.exec(text) ?? [];
    expect(list, name).toBeDefined();
    for (const id of list!.split(", ")) expect(ids, name).toContain(id.slice(1));
    // The file is one rule, so all lines within it are indented.
    expect(text.match(/^\S.*$/gm), name).toHaveLength(2);
  }
});
