// Training from a folder of images against the same steps from memory: pnpm bench:folder [--images N] [--model lenet|mobilenet]
//
// Makes a folder of PNG files of 64 × 64 pixels, and trains for one epoch on them. Each measurement is a process of its own. Prints
// images per second, their ratio, and the peak of memory.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { crc32, deflateSync } from "node:zlib";
import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { classification } from "@convlens/datasets";
import { imageFolder } from "@convlens/datasets/node";
import { lenet5, mobileNetV2 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { fit, sgd } from "@convlens/training";

const [SIDE, CLASSES, BATCH] = [64, 10, 64];
const models = {
  lenet: () => lenet5({ classes: CLASSES }),
  mobilenet: () => mobileNetV2({ classes: CLASSES }),
};
const { values: options } = parseArgs({
  options: {
    images: { type: "string", default: "20000" },
    model: { type: "string", default: "lenet" },
    measure: { type: "string" },
    folder: { type: "string" },
  },
});
const count = Number(options.images);

/** Bytes of image `i`: a coloured texture of its class in noise. */
function pixelsOf(i) {
  const noise = new Random(i).uniform(SIDE * SIDE * 3);
  return Uint8Array.from(noise, (x, k) => {
    const [row, column] = [Math.floor(k / (3 * SIDE)), Math.floor(k / 3) % SIDE];
    return 96 + 64 * Math.sin((row * (1 + (i % CLASSES)) + column) / 8) + 95 * x;
  });
}

/** A PNG file of RGB. */
function png(pixels) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([8, 2], 8);
  const row = 3 * SIDE;
  const raw = Buffer.alloc(SIDE * (row + 1));
  for (let y = 0; y < SIDE; y++) raw.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(raw)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Makes the folder, a sub-folder for each class. */
function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), "convlens-bench-folder-"));
  for (let label = 0; label < CLASSES; label++) mkdirSync(join(folder, `class${label}`));
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `class${i % CLASSES}`, `${i}.png`), png(pixelsOf(i)));
  return folder;
}

/** As many examples as the folder has, of a few images in memory. */
function inMemory() {
  const few = 10 * BATCH;
  const values = new Uint8Array(few * SIDE * SIDE * 3);
  for (let i = 0; i < few; i++) values.set(pixelsOf(i), i * SIDE * SIDE * 3);
  const labels = Uint8Array.from({ length: few }, (_, i) => i % CLASSES);
  const data = classification({ inputs: { values, shape: [few, SIDE, SIDE, 3] }, labels });
  return { ...data, size: count, labels: undefined, example: (i, pass) => data.example(i % few, pass) };
}

/** Trains for an epoch, and prints its speed after the first steps. */
async function measure(source) {
  useBackend(await cpu());
  const data = source === "folder" ? (await imageFolder(options.folder, { size: [SIDE, SIDE] })).images : inMemory();
  let [began, seen, first] = [0, 0, 0];
  const run = fit(models[options.model](), data, {
    batchSize: BATCH,
    optimizer: sgd({ learningRate: 0.01 }),
    prefetch: 3,
  });
  for await (const record of run) {
    if (record.kind !== "step") continue;
    if (++seen !== 10) continue;
    [began, first] = [performance.now(), process.memoryUsage().rss];
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(
    JSON.stringify({
      imagesPerSecond: (count - 10 * BATCH) / seconds,
      mebibytesAfterTenSteps: first / 2 ** 20,
      mebibytesAtMost: process.resourceUsage().maxRSS / 1024,
    }),
  );
}

if (options.measure !== undefined) await measure(options.measure);
else {
  const folder = makeFolder();
  try {
    const found = ["memory", "folder"].map((source) => {
      const args = ["--measure", source, "--folder", folder, "--images", options.images, "--model", options.model];
      const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, ...args], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`training from ${source} failed: ${stderr}`);
      const result = JSON.parse(stdout);
      console.log(source, Object.fromEntries(Object.entries(result).map(([name, x]) => [name, Math.round(x)])));
      return result;
    });
    const share = found[1].imagesPerSecond / found[0].imagesPerSecond;
    console.log(`from the folder at ${(100 * share).toFixed(1)} % of the speed of the steps alone`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
