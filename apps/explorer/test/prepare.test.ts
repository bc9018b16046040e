import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
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

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convlens-"));
  await prepare(folder);
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

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
    const before = await stat(join(folder, "net.safetensors"));
    await prepare(folder);
    expect((await stat(join(folder, "net.safetensors"))).mtimeMs).toBe(before.mtimeMs);
    const { tensors } = readSafetensors(await readFile(join(folder, "net.safetensors")));
    await writeFile(join(folder, "net.safetensors"), "spoilt");
    await prepare(folder, { force: true });
    // The file also contains the training time, so it is not the same as a whole.
    expect(readSafetensors(await readFile(join(folder, "net.safetensors"))).tensors).toEqual(tensors);
  }, 60_000);
});

it("the demo trains, builds and loads the page, and ends without a terminal", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, "../demo.mjs"),
    ...["--out", join(folder, "site")],
  ]);
  expect(stdout).toMatch(/epoch 3\/3: test accuracy 9[78]\.\d+ %/);
  expect(stdout).toMatch(/The page and its \d+ files can be loaded/);
}, 120_000);
