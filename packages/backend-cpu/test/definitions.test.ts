import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defineFunction, keyOf } from "../src/defineFunction.ts";
import { Runtime } from "../src/runtime.ts";

const folder = new URL("../src/", import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, lines: readFileSync(new URL(path, folder), "utf8").split("\n") }));

const call = /\bdefine[A-Z]\w*(<.*>)?\(/;

/** Calls of functions that define a function: the line, the preceding line at the left margin, and the rest. */
const definitions = files.flatMap(({ path, lines }) =>
  lines.flatMap((line, i) => {
    if (!call.test(line) || /(function|const) define/.test(line)) return [];
    const margin = lines.slice(0, i + 1).findLast((each) => /^\w/.test(each))!;
    const after = lines.slice(i, i + 3).join("\n");
    return [{ at: `${path}:${i + 1}`, line, margin, after: after.slice(after.search(call)) }];
  }),
);

/** Whether a call is the value of a top-level constant, a part of one, or in a function that defines others. */
const isAtTop = ({ line, margin }: (typeof definitions)[number]): boolean =>
  /^(export )?(function|const) define/.test(margin) ||
  (line === margin && /^(export )?const \w+(: [^=]+)? = (\/\*.*\*\/ )?define/.test(line)) ||
  (margin.endsWith("= {") && /^ {2}\w+: define/.test(line)) ||
  (margin.endsWith("=") && /^ {2}(\/\*.*\*\/ )?define/.test(line));

describe("generated functions", () => {
  it("are defined at the top level, where they depend only on their parameters", () => {
    expect(definitions.length).toBeGreaterThan(30);
    expect(definitions.filter((each) => !isAtTop(each))).toEqual([]);
    // There is no variable that they could depend on.
    const variables = files.flatMap(({ lines }) => lines.filter((line) => /^(export )?(let|var) /.test(line)));
    expect(variables).toEqual([]);
  });

  it("have different names", () => {
    const names = definitions.flatMap(({ after }) => /^[^(]*\(\s*(\{\s*name: )?"([^"]+)"/.exec(after)?.[2] ?? []);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it("are compiled once for equal parameters", () => {
    const runtime = new Runtime();
    const written: unknown[] = [];
    const definition = defineFunction({
      name: "test",
      write: (f, parameters: unknown, at) => {
        written.push(parameters);
        f.clear(at, 1);
      },
    });
    const all = [0, -0, NaN, Infinity, -Infinity, "0", [1], [1, 2], { a: 1, b: [{ c: 2 }] }, { a: 1, b: [{ c: -0 }] }];
    const compiled = all.map((parameters) => runtime.compile(definition, parameters));
    expect(new Set(compiled).size).toBe(all.length);
    all.forEach((parameters, i) => expect(runtime.compile(definition, structuredClone(parameters))).toBe(compiled[i]));
    expect(written).toEqual(all);
    runtime.dispose();
  });

  it("accept only plain data, which is their key", () => {
    for (const parameters of [{ write: () => 1 }, { values: Float32Array.of(1) }])
      expect(() => keyOf({ name: "test" }, parameters)).toThrow("is not plain data");
  });
});
