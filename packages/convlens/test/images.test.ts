import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ShapeError } from "@convlens/backend";
import { classification } from "@convlens/datasets";
import { readImage, type Pixels } from "@convlens/datasets/node";
import { afterAll, describe, expect, it } from "vitest";
import { imageToInput } from "../src/images/imageToInput.ts";
import { looksInverted } from "../src/images/looksInverted.ts";
import { openImage } from "../src/images/openImage.ts";

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tools/golden/images.json"), "utf8")) as {
  readonly files: Readonly<Record<string, { readonly file: string }>>;
};
const bytesOf = (name: string): Uint8Array => new Uint8Array(Buffer.from(golden.files[name]!.file, "base64"));
const grays = (height: number, width: number, value: (i: number) => number): Pixels => ({
  ...{ height, width, channels: 1, white: 255, orientation: 1, remarks: [] },
  data: Uint8Array.from({ length: height * width }, (_, i) => value(i)),
});

describe("openImage", () => {
  const folder = mkdtempSync(join(tmpdir(), "convlens-images-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("opens files and pipes, and refuses devices, folders and sockets", async () => {
    for (const path of ["/dev/zero", "/dev/urandom", "/dev/null"])
      await expect(openImage(path)).rejects.toThrow(`--image: ${path} is not a file; give a PNG or a JPEG file`);
    await expect(openImage(folder)).rejects.toThrow("is a folder; give a PNG or a JPEG file");
    await expect(openImage(join(folder, "nothing"))).rejects.toThrow(/cannot be read: ENOENT/);
    await expect(openImage("a\0b")).rejects.toThrow(/cannot be read/);
    const socket = createServer().listen(join(folder, "socket"));
    try {
      await expect(openImage(join(folder, "socket"))).rejects.toThrow(/cannot be read: ENXIO/);
    } finally {
      socket.close();
    }
  });

  it("reads a pipe", async () => {
    const pipe = join(folder, "pipe");
    expect(spawnSync("sh", ["-c", `mkfifo ${pipe}`]).status).toBe(0);
    const writer = spawn("sh", ["-c", `cat > ${pipe}`]);
    writer.stdin.end(bytesOf("rgb.png"));
    expect(await openImage(pipe)).toEqual(readImage(bytesOf("rgb.png"), "pipe"));
  });

  it("reads an endless pipe up to a limit", { timeout: 120_000 }, async () => {
    const pipe = join(folder, "endless");
    expect(spawnSync("sh", ["-c", `mkfifo ${pipe}`]).status).toBe(0);
    const writer = spawn("sh", ["-c", `exec cat /dev/zero > ${pipe}`]);
    try {
      await expect(openImage(pipe)).rejects.toThrow("endless has more than the supported 500 MB");
    } finally {
      writer.kill();
    }
  });
});

describe("an image as the input of a model", () => {
  it("of the right size and colours is unchanged", () => {
    const { values, changes } = imageToInput(
      grays(4, 4, (i) => 16 * i),
      [4, 4, 1],
    );
    expect(changes).toEqual([]);
    expect(Array.from(values)).toEqual(Array.from({ length: 16 }, (_, i) => Math.fround((16 * i) / 255)));
  });

  it("lists its changes", () => {
    const changesOf = (name: string, shape: number[], options = {}): readonly string[] =>
      imageToInput(readImage(bytesOf(name), name), shape, options).changes;
    expect({
      rgba: changesOf("rgba.png", [11, 13, 1]),
      gray: changesOf("gray.png", [11, 13, 3], { invert: true }),
      "gray stored as colours": changesOf("gray.jpg", [11, 13, 1]),
      cmyk: changesOf("cmyk.jpg", [28, 28, 3]),
      turned: changesOf("orientation6.jpg", [7, 6, 3]),
    }).toMatchInlineSnapshot(`
      {
        "cmyk": [
          "converted from CMYK to RGB, without a colour profile",
          "enlarged from 11 × 13 to 24 × 28 pixels (height × width), bilinearly",
          "padded to the shape of the input by 4 rows of the colour of its edge",
        ],
        "gray": [
          "converted from greyscale to three equal channels",
          "black and white exchanged",
        ],
        "gray stored as colours": [],
        "rgba": [
          "transparent pixels placed on white",
          "converted to greyscale (29.9 % red, 58.7 % green, 11.4 % blue)",
        ],
        "turned": [
          "rotated upright, as its EXIF orientation says",
          "reduced from 13 × 11 to 7 × 6 pixels (height × width), antialiased",
        ],
      }
    `);
  });

  it("is placed whole in the middle of the colour of its edge", () => {
    const { values } = imageToInput(
      grays(2, 6, (i) => (i === 0 ? 255 : 51)),
      [6, 6, 1],
    );
    const edge = (11 * 0.2 + 1) / 12;
    expect(values[0]).toBeCloseTo(edge, 6);
    expect(values[35]).toBeCloseTo(edge, 6);
    expect(Array.from(values.subarray(12, 14))).toEqual([1, Math.fround(0.2)]);
  });

  it("is refused by a model of signals", () => {
    expect(() =>
      imageToInput(
        grays(2, 2, () => 0),
        [128, 1],
      ),
    ).toThrow(ShapeError);
    expect(() =>
      imageToInput(
        grays(2, 2, () => 0),
        [128, 1],
      ),
    ).toThrow(/must be an image .*, got \[128, 1\]; use --example/);
  });
});

describe("ink on paper, for a model of light on dark", () => {
  const digit = (i: number): number => (Math.abs((i % 12) - 6) < 2 && Math.abs(Math.floor(i / 12) - 6) < 5 ? 255 : 0);
  const values = Uint8Array.from({ length: 144 }, (_, i) => digit(i));
  const data = classification({ inputs: { values, shape: [1, 12, 12, 1] }, labels: [0] });
  const check = async (value: (i: number) => number): Promise<boolean> =>
    (await looksInverted(imageToInput(grays(12, 12, value), [12, 12, 1]), data)).isInverted;

  it("is detected, and nothing else is", async () => {
    expect(await check((i) => 255 - digit(i))).toBe(true);
    expect(await check((i) => 200 - 0.7 * digit(i))).toBe(true);
    expect(await check(digit)).toBe(false);
    expect(await check(() => 128)).toBe(false);
    expect(await check((i) => digit((i * 7) % 144))).toBe(false);
  });
});
