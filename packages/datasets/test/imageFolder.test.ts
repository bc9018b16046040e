import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ValueError } from "@convlens/backend";
import { build } from "esbuild";
import { encode } from "fast-png";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batches, floatsOf, split, type Numbers, type SizedDataset } from "../src/index.ts";
import { imageFolder, imagePairs } from "../src/node/index.ts";
import { fittedLabels } from "../src/node/images/fitImage.ts";
import { readLabels } from "../src/node/images/readImage.ts";

const root = mkdtempSync(join(tmpdir(), "convlens-folder-"));
afterAll(() => rmSync(root, { recursive: true }));

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tools/golden/images.json"), "utf8")) as {
  readonly files: Readonly<Record<string, { readonly file: string; readonly height: number; readonly width: number }>>;
};
const fileOf = (name: string): Buffer => Buffer.from(golden.files[name]!.file, "base64");

/** A PNG file whose every value is its index, shifted. */
const png = (height: number, width: number, channels: 1 | 3, first = 0): Uint8Array =>
  encode({
    ...{ height, width, channels, depth: 8 },
    data: Uint8Array.from({ length: height * width * channels }, (_, i) => first + i),
  });

/** Writes files by their paths in a new folder. */
function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(root, "f"));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

const inputOf = async (data: SizedDataset, i: number): Promise<Numbers> =>
  (await data.example(i, { seed: 0, epoch: 0 })).input;
const targetOf = async (data: SizedDataset, i: number): Promise<Numbers> =>
  (await data.example(i, { seed: 0, epoch: 0 })).target;

describe("imageFolder", () => {
  it("has a class for each sub-folder, and bytes of each image", async () => {
    const folder = folderOf({
      "dog/b.png": png(4, 4, 3, 3),
      "dog/a/deep.PNG": png(4, 4, 3, 2),
      "cat/1.png": png(4, 4, 3, 1),
      "cat/._1.png": Uint8Array.of(1),
      "cat/notes.txt": Uint8Array.of(1),
      ".hidden/1.png": png(4, 4, 3),
      "readme.md": Uint8Array.of(1),
    });
    symlinkSync(join(folder, "cat/1.png"), join(folder, "cat/2.png"));
    const { images, classes } = await imageFolder(folder, { size: [4, 4] });
    expect(classes).toEqual(["cat", "dog"]);
    expect(images.classes).toBe(classes);
    expect(images.labels).toEqual(Uint8Array.of(0, 0, 1, 1));
    expect(images.shapes).toEqual({ input: [4, 4, 3], target: [] });
    const first = await Promise.all([0, 1, 2, 3].map(async (i) => (await inputOf(images, i)).values[0]));
    expect(first).toEqual([1, 1, 3, 2]);
    expect(await inputOf(images, 2)).toEqual({
      values: Uint8Array.from({ length: 48 }, (_, i) => 3 + i),
      shape: [4, 4, 3],
    });
    expect(Array.from((await targetOf(images, 3)).values)).toEqual([1]);
  });

  it("takes the size of the first image, turned upright", async () => {
    const { height, width } = golden.files["orientation6.jpg"]!;
    const { images } = await imageFolder(folderOf({ "a/1.jpg": fileOf("orientation6.jpg") }), { channels: 1 });
    expect(images.shapes.input).toEqual([height, width, 1]);
  });

  it("fits images of other shapes by stretching, covering or containing them", async () => {
    // Three equal columns: 0, 100 and 200.
    const wide = encode({
      ...{ height: 2, width: 6, channels: 1, depth: 8 },
      data: Uint8Array.of(0, 0, 100, 100, 200, 200, 0, 0, 100, 100, 200, 200),
    });
    const folder = folderOf({ "a/1.png": wide });
    const fitted = async (fit: "cover" | "contain" | "stretch"): Promise<number[]> => {
      const { images } = await imageFolder(folder, { size: [2, 2], channels: 1, fit });
      return Array.from((await inputOf(images, 0)).values);
    };
    expect(await fitted("cover")).toEqual([100, 100, 100, 100]);
    const [left, right] = (await fitted("stretch")) as [number, number];
    expect([left < 50, right > 150]).toEqual([true, true]);
    // The image in the first row, and the mean of its edge in the second.
    const contained = await fitted("contain");
    expect(contained.slice(0, 2)).toEqual([left, right]);
    for (const x of contained.slice(2)) expect(Math.abs(x - (left + right) / 2)).toBeLessThanOrEqual(1);
  });

  it("gives the same batches with any prefetch, and splits by class", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`${"ab"[i % 2]}/${i}.png`, png(2, 2, 1, i)]),
    );
    const { images } = await imageFolder(folderOf(files), { size: [2, 2], channels: 1 });
    const read = async (prefetch: number, from = 0): Promise<number[][]> => {
      const found: number[][] = [];
      for await (const { inputs } of batches(images, { size: 5, shuffle: true, seed: 3, prefetch, from }))
        found.push(Array.from(inputs.knownValues));
      return found;
    };
    const plain = await read(0);
    expect(await read(3)).toEqual(plain);
    expect(await read(2, 1)).toEqual(plain.slice(1));
    const { test } = split(images, { test: 0.5 });
    expect(Array.from(test.labels).filter((label) => label === 1)).toHaveLength(3);
  });

  it("names the file that is wrong", async () => {
    const folder = folderOf({
      "a/1.png": png(2, 2, 1),
      "a/2.png": fileOf("rgb.png").subarray(0, 60),
      "a/3.png": Buffer.from("GIF89a"),
    });
    const { images } = await imageFolder(folder);
    await expect(inputOf(images, 1)).rejects.toThrow(`${join(folder, "a/2.png")} is a PNG file that is damaged`);
    await expect(inputOf(images, 2)).rejects.toThrow(`${join(folder, "a/3.png")} is a GIF file`);
    rmSync(join(folder, "a/1.png"));
    await expect(inputOf(images, 0)).rejects.toThrow(`${join(folder, "a/1.png")} cannot be read: ENOENT`);
    await expect(async () => {
      for await (const _ of batches(images, { prefetch: 2 }));
    }).rejects.toThrow(ValueError);
  });

  it("refuses folders without classes", async () => {
    await expect(imageFolder(join(root, "nothing"))).rejects.toThrow(/nothing cannot be read: ENOENT/);
    await expect(imageFolder(folderOf({ "1.png": png(1, 1, 1) }))).rejects.toThrow(/has no sub-folders.*imagePairs/);
    await expect(imageFolder(folderOf({ "a/1.png": png(1, 1, 1), "b/1.txt": Uint8Array.of(1) }))).rejects.toThrow(
      /b holds no PNG or JPEG file/,
    );
    await expect(imageFolder(root, { size: [0, 1] })).rejects.toThrow(/size must be \[height, width\]/);
    await expect(imageFolder(root, { sizes: [1, 1] } as object)).rejects.toThrow(/did you mean "size"/);
  });
});

describe("imagePairs", () => {
  it("pairs images and masks by name", async () => {
    const inputs = folderOf({ "a/1.jpg": fileOf("rgb.jpg"), "2.png": png(4, 4, 3, 9) });
    const targets = folderOf({ "a/1.png": png(4, 4, 1, 100), "2.png": png(4, 4, 1, 50) });
    const { images } = await imagePairs(inputs, targets, { size: [4, 4] });
    expect([images.size, images.shapes]).toEqual([2, { input: [4, 4, 3], target: [4, 4] }]);
    expect((await inputOf(images, 0)).values[0]).toBe(9);
    expect(await targetOf(images, 0)).toEqual({
      values: Uint8Array.from({ length: 16 }, (_, i) => 50 + i),
      shape: [4, 4],
    });
    expect((await targetOf(images, 1)).values[0]).toBe(100);
  });

  it("makes labels of pixel values, and refuses others", async () => {
    const mask = (last: number): Uint8Array =>
      encode({ ...{ height: 1, width: 3, channels: 1, depth: 8 }, data: Uint8Array.of(0, 255, last) });
    const inputs = folderOf({ "1.png": png(1, 3, 1), "2.png": png(1, 3, 1) });
    const targets = folderOf({ "1.png": mask(255), "2.png": mask(254) });
    const { images } = await imagePairs(inputs, targets, { labelValues: [0, 255] });
    expect(Array.from((await targetOf(images, 0)).values)).toEqual([0, 1, 1]);
    await expect(targetOf(images, 1)).rejects.toThrow(
      "2.png has a pixel of the value 254, which is not one of labelValues",
    );
  });

  it("may have images of another size as targets", async () => {
    const [inputs, targets] = [folderOf({ "1.png": png(2, 2, 1) }), folderOf({ "1.png": png(4, 4, 1) })];
    const { images } = await imagePairs(inputs, targets, { targets: "images", targetSize: [4, 4], channels: 1 });
    expect(images.shapes).toEqual({ input: [2, 2, 1], target: [4, 4, 1] });
    expect(floatsOf(await targetOf(images, 0), "target")[15]).toBeCloseTo(15 / 255, 6);
  });

  it("refuses a file without a partner, and masks of other kinds", async () => {
    const one = folderOf({ "1.png": png(2, 2, 1) });
    const two = folderOf({ "1.png": png(2, 2, 1), "2.png": png(2, 2, 3) });
    await expect(imagePairs(one, two)).rejects.toThrow(/2\.png has no partner in/);
    await expect(imagePairs(two, one)).rejects.toThrow(/2\.png has no partner in/);
    const { images } = await imagePairs(two, two);
    await expect(targetOf(images, 1)).rejects.toThrow("has 3 channels, and labels have one");
    const photos = folderOf({ "1.jpg": fileOf("gray.jpg") });
    await expect(targetOf((await imagePairs(photos, photos)).images, 0)).rejects.toThrow(
      "whose compression changes labels",
    );
    await expect(imagePairs(one, one, { targetSize: [1, 1] })).rejects.toThrow(/targetSize belongs to images/);
    await expect(imagePairs(one, one, { targets: "images", labelValues: [0] })).rejects.toThrow(
      /labelValues belong to masks/,
    );
  });
});

describe("labels of a mask", () => {
  it("are palette indices and stored greys", () => {
    const { data } = readLabels(png(2, 2, 1, 7), "mask.png");
    expect(Array.from(data)).toEqual([7, 8, 9, 10]);
    for (const name of Object.keys(golden.files).filter((name) => name.includes("palette")))
      expect(Math.max(...readLabels(fileOf(name), name).data)).toBeLessThan(256);
  });

  it("are never mixed, in any size and orientation", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.constantFrom(0, 7, 255), { minLength: 81, maxLength: 81 }),
        fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
        fc.constantFrom("cover" as const, "contain" as const, "stretch" as const),
        fc.integer({ min: 1, max: 8 }),
        (height, width, values, size, fit, orientation) => {
          const data = Uint8Array.from(values.slice(0, height * width));
          const fitted = fittedLabels({ height, width, data, orientation }, size, fit);
          expect(fitted).toHaveLength(size[0] * size[1]);
          for (const label of fitted) expect([0, ...data]).toContain(label);
          if (size[0] === height && size[1] === width && orientation === 1) expect(fitted).toEqual(data);
        },
      ),
    ));
});

describe("threads that decode", () => {
  const built = mkdtempSync(join(root, "built"));
  const src = join(import.meta.dirname, "../src");
  beforeAll(async () => {
    writeFileSync(join(built, "package.json"), `{ "type": "module" }`);
    await build({
      entryPoints: { index: join(src, "node/index.ts"), decodeThread: join(src, "node/images/decodeThread.ts") },
      ...{
        outdir: built,
        bundle: true,
        format: "esm",
        platform: "node",
        conditions: ["@convlens/source"],
        logLevel: "error",
      },
    });
  });

  /** Output of a program that uses the package. */
  const run = (program: string, ...args: string[]): unknown => {
    writeFileSync(join(built, "program.js"), `import { imageFolder } from "./index.js";\n${program}`);
    return JSON.parse(
      execFileSync(process.execPath, [join(built, "program.js"), ...args], { encoding: "utf8", timeout: 60_000 }),
    );
  };
  const files = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`a/${`${i}`.padStart(2, "0")}.png`, png(8, 8, 3, i)]),
  );

  it("give what the main thread gives, and let the process end", async () => {
    const folder = folderOf(files);
    const program = `
      const sums = [];
      for (const workers of [0, 1, 3]) {
        const { images } = await imageFolder(process.argv[2], { size: [5, 5], workers });
        const all = await Promise.all(Array.from({ length: 20 }, (_, i) => images.example(i, { seed: 0, epoch: 0 })));
        sums.push(all.map(({ input }) => input.values.reduce((a, b) => a + b)));
      }
      console.log(JSON.stringify(sums));`;
    const [main, one, three] = run(program, folder) as number[][];
    expect(new Set(main).size).toBe(20);
    expect(one).toEqual(main);
    expect(three).toEqual(main);
  });

  it("tell of a damaged file by its path, and go on", async () => {
    const folder = folderOf({ ...files, "a/00.png": fileOf("rgb.png").subarray(0, 60) });
    const program = `
      const { images, dispose } = await imageFolder(process.argv[2], { size: [8, 8], workers: 1 });
      const read = (i) => images.example(i, { seed: 0, epoch: 0 }).then(({ input }) => input.values[0], (error) => error.name + ": " + error.message);
      const first = await Promise.all([read(0), read(1)]);
      dispose();
      console.log(JSON.stringify([...first, await read(2)]));`;
    const [error, ...others] = run(program, folder) as unknown[];
    expect(error).toContain(`ValueError: ${join(folder, "a/00.png")} is a PNG file that is damaged`);
    expect(others).toEqual([1, 2]);
  });
});
