import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { panels } from "../src/panels/panels.ts";

const folder = join(import.meta.dirname, "../src/style");
/** What all panels share. */
const shared = new Set(["main.css", "tokens.css", "page.css", "controls.css", "figures.css", "questions.css"]);

it("A style sheet of panels styles nothing but those: a class may mean something else elsewhere", () => {
  const own = readdirSync(folder).filter((name) => !shared.has(name));
  expect(own.length).toBeGreaterThan(5);
  const ids = new Set(panels.map(({ id }) => id));
  for (const name of own) {
    const text = readFileSync(join(folder, name), "utf8");
    const [, list] = /^:where\(([^)]+)\) \{\n/.exec(text) ?? [];
    expect(list, name).toBeDefined();
    for (const id of list!.split(", ")) expect(ids, name).toContain(id.slice(1));
    // The one rule ends where the file does: what is within is indented.
    expect(text.match(/^\S.*$/gm), name).toHaveLength(2);
  }
});
