import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { transformWithOxc } from "vite";
import { afterAll, describe, expect, it, vi } from "vitest";
import * as conformance from "@convlens/backend/conformance";
import * as math from "@convlens/backend/math";
import * as datasetsNode from "@convlens/datasets/node";
import * as methods from "@convlens/tensor/methods";
import * as convlens from "./everything.ts";
import { onnxModel } from "./onnxModel.ts";

// Runs every example in doc comments, in the README, and in the guides.

const root = join(import.meta.dirname, "../../..");
const sources = readdirSync(join(root, "packages"))
  .flatMap((folder) =>
    readdirSync(join(root, "packages", folder, "src"), { recursive: true, encoding: "utf8" }).map(
      (file) => `packages/${folder}/src/${file}`,
    ),
  )
  .filter((path) => path.endsWith(".ts"))
  .concat(
    "README.md",
    "docs/guides/train-on-your-data.md",
    ...readdirSync(join(root, "packages")).map((folder) => `packages/${folder}/README.md`),
  )
  .sort();

/** Examples of a file, with the line where each begins. */
function examplesOf(path: string): { readonly name: string; readonly code: string }[] {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(/^([ \t]*\*? ?)```ts\n([\s\S]*?)^[ \t]*\*? ?```/gm)].map(({ 2: body, index }) => ({
    name: `${path}:${text.slice(0, index).split("\n").length}`,
    code: body!.replace(/^[ \t]*\* ?/gm, ""),
  }));
}

const folder = mkdtempSync(join(tmpdir(), "convlens-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder with these PNG files. */
function imagesAt(name: string, ...paths: readonly string[]): string {
  for (const path of paths) {
    mkdirSync(join(folder, name, path, ".."), { recursive: true });
    writeFileSync(
      join(folder, name, path),
      encode({ width: 2, height: 2, channels: 1, depth: 8, data: Uint8Array.of(0, 85, 170, 255) }),
    );
  }
  return join(folder, name);
}
const onnxFile = join(folder, "net.onnx");
writeFileSync(onnxFile, onnxModel);
const files = {
  onnxFile,
  photos: imagesAt("photos", ...Array.from({ length: 20 }, (_, i) => `${i % 2 === 0 ? "cat" : "dog"}/${i}.png`)),
  photo: join(folder, "photos/cat/0.png"),
  scenes: imagesAt("scenes", "1.png"),
  masks: imagesAt("masks", "1.png"),
  /** numpy.savez_compressed(file, images=float32 [[1, 2], [3, 4]], y=int32 [7, 8, 9]) */
  archive: Buffer.from(
    "UEsDBBQAAAAIAAAAIQBO+yB1UwAAAJAAAAAKABQAaW1hZ2VzLm5weQEAEACQAAAAAAAAAFMAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKRpo6CrUKZAMuBoYGewYGBgcgAuIGBwBQSwMEFAAAAAgAAAAhAKeZaxVNAAAAjAAAAAUAFAB5Lm5weQEAEACMAAAAAAAAAE0AAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjqaOgq1ChQALnYGBgYOIOYEYgBQSwECFAMUAAAACAAAACEATvsgdVMAAACQAAAACgAAAAAAAAAAAAAAgAEAAAAAaW1hZ2VzLm5weVBLAQIUAxQAAAAIAAAAIQCnmWsVTQAAAIwAAAAFAAAAAAAAAAAAAACAAY8AAAB5Lm5weVBLBQYAAAAAAgACAGsAAAATAQAAAAA=",
    "base64",
  ),
};

/** Names that an example may use without a definition. */
async function surroundings(): Promise<Record<string, unknown>> {
  convlens.useBackend(convlens.reference());
  const data = convlens.shapes({ size: 64, height: 12, width: 12 });
  const { train, test } = convlens.split(data, { test: 0.25 });
  const model = convlens.build(
    convlens.sequential([new convlens.Flatten(), new convlens.Dense({ units: 4 })]),
    data.shapes.input,
  );
  const first = convlens.batchOf(data, [0, 1, 2, 3]);
  return {
    ...convlens,
    ...conformance,
    ...math,
    ...datasetsNode,
    ...methods,
    ...files,
    ...{ join, readFile, tmpdir, writeFile },
    digits: data,
    ...{
      data,
      train,
      test,
      model,
      images: first.inputs,
      describe: () => undefined,
      it: () => undefined,
      myBackend: convlens.reference,
      training: convlens.fit(model, data),
      writeFileAtomic: () => Promise.resolve(),
    },
    ...{ x: convlens.tensor([1, 2, 3]), y: convlens.tensor([2, 4, 6]), w: new convlens.Variable([1], []) },
    ...{ exp: convlens.exp, log: convlens.log },
  };
}

const AsyncFunction = (async () => undefined).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<unknown>;

describe("examples of the documentation", () => {
  const examples = sources.flatMap(examplesOf);

  it("are more than 40", () => expect(examples.length).toBeGreaterThan(40));

  it.each(examples)("run: $name", async ({ code }) => {
    const silent = vi.spyOn(console, "log").mockImplementation(() => undefined);
    try {
      const withoutImports = code.replace(/^import [\s\S]*?from "[^"]+";\n/gm, "").replaceAll(/… *$/gm, ";");
      const { code: plain } = await transformWithOxc(`async () => {\n${withoutImports}\n}`, "example.ts");
      const names = Object.entries(await surroundings());
      const made = new AsyncFunction(...names.map(([name]) => name), `return (${plain.trim().replace(/;$/, "")})()`);
      await made(...names.map(([, value]) => value));
    } finally {
      silent.mockRestore();
    }
  });
});
