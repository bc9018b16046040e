import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { batchOf, readMnist } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import { build, loadWeights, predict, readSafetensors } from "@convlens/layers";
import { argmax, useBackend } from "@convlens/tensor";
import { prepare } from "../prepare/prepare.ts";
import { modelOf, type Recipe } from "../src/compute/recipe.ts";

/** The data that the demo made, and its output. */
const folder = join(import.meta.dirname, "../data");
let temporary: string;
let demoSaid: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "convlens-"));
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, "../demo.mjs"),
    ...["--out", join(temporary, "site")],
  ]);
  demoSaid = stdout;
}, 120_000);
afterAll(() => rm(temporary, { recursive: true }));

describe("the data of the page", () => {
  it("contain a net with the test accuracy of its file, on any backend", async () => {
    const file = await readFile(join(folder, "net.safetensors"));
    const { metadata } = readSafetensors(file);
    const recipe = JSON.parse(metadata["recipe"]!) as Recipe;
    const [images, labels] = await Promise.all(
      ["test-images.idx.gz", "test-labels.idx.gz"].map((name) => readFile(join(folder, name))),
    );
    const digits = await readMnist(images!, labels!);
    expect([digits.size, ...digits.shapes.input]).toEqual([2000, ...recipe.inputShape]);
    expect(Number(metadata["testAccuracy"])).toBeGreaterThan(0.97);

    useBackend(reference());
    const model = build(modelOf(recipe), recipe.inputShape);
    loadWeights(model, file);
    const first = Array.from({ length: 300 }, (_, i) => i);
    const read = await argmax(await predict(model, batchOf(digits, first).inputs)).data();
    const right = read.filter((digit, i) => digit === digits.labels[i]).length;
    // A sample of 300, with a tolerance of four standard deviations of 0.8 %.
    expect(right / 300).toBeGreaterThan(0.94);
  });

  it("contain the digits that mnist() returns in Node", async () => {
    const node = await mnist();
    for (const part of ["train", "test"] as const) {
      const [images, labels] = await Promise.all(
        ["images", "labels"].map((what) => readFile(join(folder, `${part}-${what}.idx.gz`))),
      );
      const page = await readMnist(images!, labels!);
      for (let i = 0; i < page.size; i += 97)
        expect(page.example(i, { seed: 0, epoch: 0 })).toEqual(node[part].example(i, { seed: 0, epoch: 0 }));
      expect(page.labels).toEqual(node[part].labels);
    }
  });

  it("are created only if they are missing", async () => {
    const copy = join(temporary, "data");
    await cp(folder, copy, { recursive: true });
    const before = await stat(join(copy, "net.safetensors"));
    await prepare(copy);
    expect((await stat(join(copy, "net.safetensors"))).mtimeMs).toBe(before.mtimeMs);
    const { tensors } = readSafetensors(await readFile(join(copy, "net.safetensors")));
    await writeFile(join(copy, "net.safetensors"), "spoilt");
    await prepare(copy, { force: true });
    // The file also contains the training time, so it is not the same as a whole.
    expect(readSafetensors(await readFile(join(copy, "net.safetensors"))).tensors).toEqual(tensors);
  }, 60_000);
});

it("the demo trains, builds and loads the page, and ends without a terminal", () => {
  expect(demoSaid).toMatch(/epoch 3\/3: test accuracy 9[78]\.\d+ %/);
  expect(demoSaid).toMatch(/The page and its \d+ files can be loaded/);
});
