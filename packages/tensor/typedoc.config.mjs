import { readFileSync } from "node:fs";

// Methods that are functions of other files have the documentation of these, which typedoc does not find.
const table = readFileSync(new URL("src/methodTable.ts", import.meta.url), "utf8");
const methods = [...table.matchAll(/^export \{([^}]*)\}/gm)]
  .flatMap(([, names]) => names.split(",").map((each) => each.trim().split(" as ").at(-1)))
  .filter((name) => name !== "");

export default {
  entryPoints: ["src/index.ts", "src/methods.ts"],
  intentionallyNotExported: ["methodTable.ts:methods"],
  intentionallyNotDocumented: ["Tensor", "Variable"].flatMap((type) => methods.map((name) => `index.${type}.${name}`)),
};
