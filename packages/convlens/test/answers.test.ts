import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv } from "@convlens/datasets";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { AnswerWriter } from "../src/answerFile.ts";
import { fullSize } from "../src/answers.ts";
import { overlapOf } from "../src/sections/masks.ts";

const side = fc.integer({ min: 1, max: 9 });
const labelsOf = (height: number, width: number): number[] =>
  Array.from({ length: height * width }, (_, i) => (i * 7 + 3) % 5);

describe("labels in the size of the image", () => {
  it("are those of the model if nothing was resized", () => {
    fc.assert(
      fc.property(side, side, fc.constantFrom("cover", "contain", "stretch"), (height, width, fit) => {
        const labels = labelsOf(height, width);
        expect([...fullSize(labels, [height, width], [height, width], fit)]).toEqual(labels);
      }),
    );
  });

  it("are repeated where the image was reduced by a whole factor", () => {
    fc.assert(
      fc.property(side, side, side, side, (height, width, down, across) => {
        const labels = labelsOf(height, width);
        const [tall, wide] = [height * down, width * across];
        const full = fullSize(labels, [height, width], [tall, wide], "stretch");
        for (let y = 0; y < tall; y++)
          for (let x = 0; x < wide; x++)
            expect(full[y * wide + x]).toBe(labels[Math.floor(y / down) * width + Math.floor(x / across)]);
      }),
    );
  });

  it("are 0 where the image was cropped, and leave out the border of a padded one", () => {
    // 2 × 2 labels of the middle of 2 × 4 pixels; of 2 × 4 pixels between two rows of a border.
    expect([...fullSize([1, 2, 3, 4], [2, 2], [2, 4], "cover")]).toEqual([0, 1, 2, 0, 0, 3, 4, 0]);
    const padded = [9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9];
    expect([...fullSize(padded, [4, 4], [2, 4], "contain")]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("the overlap of two maps of labels", () => {
  it("is the mean of intersection over union of the classes that occur", () => {
    expect(overlapOf([0, 0, 1, 1], [0, 0, 1, 1])).toBe(1);
    expect(overlapOf([0, 0, 0, 0], [1, 1, 1, 1])).toBe(0);
    // Class 0: 1 of 3 pixels; class 1: 1 of 3.
    expect(overlapOf([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(1 / 3, 12);
    const labels = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { minLength: 1 });
    fc.assert(
      fc.property(labels, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const share = (label: number): number | undefined => {
          const either = pairs.filter(([x, y]) => x === label || y === label).length;
          const both = pairs.filter(([x, y]) => x === label && y === label).length;
          return either === 0 ? undefined : both / either;
        };
        const shares = [0, 1, 2, 3].map(share).filter((each) => each !== undefined);
        expect(overlapOf(a, b)).toBeCloseTo(shares.reduce((sum, x) => sum + x, 0) / shares.length, 12);
      }),
    );
  });
});

describe("answers as CSV", () => {
  const folder = mkdtempSync(join(tmpdir(), "convlens-answers-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are read back as they were written, whatever the names", async () => {
    const path = join(folder, "answers.csv");
    const name = fc.string({ minLength: 1 }).filter((text) => text === text.trim() && !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), name, async (files, answer) => {
        const writer = await AnswerWriter.open("csv", path);
        for (const [i, file] of files.entries())
          await writer.write(file, { text: "", fields: { answer, scores: { first: i, second: 0.5 } } });
        await writer.close();
        const table = await readCsv(readFileSync(path));
        expect(table.names).toEqual(["file", "answer", "scores.first", "scores.second"]);
        const { labels, classes } = table.classes("file");
        expect(Array.from(labels, (label) => classes[label])).toEqual(files);
        expect(table.classes("answer").classes).toEqual([answer]);
        expect(Array.from(table.numbers("scores.first").values)).toEqual(files.map((_, i) => i));
      }),
      { numRuns: 50 },
    );
  });
});
