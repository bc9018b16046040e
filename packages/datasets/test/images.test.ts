import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { Random, ValueError } from "@convlens/backend";
import { encode } from "fast-png";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitImage } from "../src/node/images/fitImage.ts";
import type { Pixels } from "../src/node/images/pixels.ts";
import { readImage } from "../src/node/images/readImage.ts";
import { resample, type FloatImage } from "../src/node/images/resample.ts";

interface Golden {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly file: string;
        readonly height: number;
        readonly width: number;
        /** Red, green and blue of each pixel, or bytes in base64. */
        readonly pixels?: number[][];
        readonly bytes?: string;
      }
    >
  >;
  readonly resized: readonly {
    readonly width: number;
    readonly height: number;
    readonly values: number[];
    readonly toWidth: number;
    readonly toHeight: number;
    readonly resized: number[];
  }[];
}
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tools/golden/images.json"), "utf8"),
) as Golden;
const names = Object.keys(golden.files);
const bytesOf = (name: string): Uint8Array => new Uint8Array(Buffer.from(golden.files[name]!.file, "base64"));
const grays = (height: number, width: number, value: (i: number) => number): Pixels => ({
  ...{ height, width, channels: 1, white: 255, orientation: 1, remarks: [] },
  data: Uint8Array.from({ length: height * width }, (_, i) => value(i)),
});

/** A whole image in another size. */
const resized = (from: Pixels, tall: number, wide: number, channels: 1 | 3): FloatImage =>
  resample(from, [from.height, from.width], [tall, wide], channels);

describe("an image file", () => {
  it.each(names)("%s has the pixels that Pillow reads", (name) => {
    const { height, width, pixels, bytes } = golden.files[name]!;
    const expected = pixels?.flat() ?? Array.from(Buffer.from(bytes!, "base64"), (x) => x / 255);
    const read = readImage(bytesOf(name), name);
    const { inner, values } = fitImage(read, { size: [height, width], fit: "contain" });
    expect(inner).toEqual([height, width]);
    // Pillow decodes JPEG with libjpeg-turbo.
    expect(Math.max(...expected.map((x, i) => Math.abs(x - values[i]!)))).toBeLessThan(1e-6);
  });

  it("of another kind is refused by name, with a fix", () => {
    const text = (name: string, ...content: number[]): string => {
      try {
        readImage(Uint8Array.from(content), name);
        return "read";
      } catch (error) {
        expect(error).toBeInstanceOf(ValueError);
        return (error as Error).message;
      }
    };
    const bytes = (start: string): number[] => Array.from(Buffer.from(start, "latin1"));
    expect([
      text("a.png"),
      text("b.png", ...bytes("hello, world")),
      text("c.jpg", ...bytes("GIF89a......")),
      text("d.jpg", ...bytes("RIFF....WEBPVP8")),
      text("e.png", ...bytes("\x89PNG\r\n\x1a\n")),
      text("f.jpg", ...bytes("\xff\xd8\xff\xe0")),
      text("a.zip", ...bytes("PK\x03\x04")),
      text("g.png", ...bytesOf("gray.png").fill(0xff, 16, 24)),
    ]).toMatchInlineSnapshot(`
      [
        "a.png is empty; give a PNG or a JPEG file",
        "b.png is not an image: it begins with "hello, world"; give a PNG or a JPEG file",
        "c.jpg is a GIF file; give a PNG or a JPEG file: most image viewers can save one",
        "d.jpg is a WebP file; give a PNG or a JPEG file: most image viewers can save one",
        "e.png is a PNG file that is damaged or incomplete; give a complete file",
        "f.jpg is a JPEG file that is damaged or incomplete (a segment is longer than the file); give a complete file",
        "a.zip is not an image but a zip archive; give a PNG or a JPEG file",
        "g.png has 4294967295 × 4294967295 pixels, more than the supported 50 million; make it smaller first",
      ]
    `);
  });

  it("without its end is never read", () =>
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.double({ min: 0, max: 0.999, noNaN: true }), (name, share) => {
        const whole = bytesOf(name);
        // The last bytes of a PNG are an empty chunk; bytes after the end of a JPEG are ignored.
        const cut = whole.subarray(0, Math.floor(share * (whole.length - 12)));
        expect(() => readImage(cut, name)).toThrow(ValueError);
      }),
      { numRuns: 300 },
    ));

  it("with changed bytes is an error with its name, or an image of the size in its header", () =>
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), (name, where, change) => {
        const bytes = bytesOf(name);
        bytes[where % bytes.length]! ^= change;
        let read: Pixels;
        try {
          read = readImage(bytes, name);
        } catch (error) {
          expect(error).toBeInstanceOf(ValueError);
          expect((error as Error).message).toMatch(new RegExp(`^${name} `));
          return;
        }
        expect(read.data).toHaveLength(read.height * read.width * read.channels);
      }),
      { numRuns: 500 },
    ));
});

/** A chunk of a PNG file. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A PNG file of grays from its packed pixels, and the chunks before them. */
function pngOf(width: number, height: number, packed: Uint8Array, ...before: Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    ...before,
    chunk("IDAT", packed),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The segments of a JPEG file, each with its marker, and its coded pixels with the rest. */
function partsOf(file: Uint8Array): { readonly segments: readonly Buffer[]; readonly rest: Buffer } {
  const bytes = Buffer.from(file);
  const segments: Buffer[] = [];
  let at = 2;
  while (bytes[at + 1] !== 0xda) {
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    segments.push(bytes.subarray(at, end));
    at = end;
  }
  return { segments, rest: bytes.subarray(at) };
}
const jpegOf = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([Buffer.of(0xff, 0xd8), ...parts]);
const isFrame = (segment: Uint8Array): boolean => [0xc0, 0xc2].includes(segment[1]!);

describe("a small file that unpacks to a large one:", () => {
  /** 200 MB of zeros, about 200 kB packed. */
  const bomb = deflateSync(new Uint8Array(2e8), { level: 9 });
  const white = deflateSync(Uint8Array.of(0, 255));

  it("a PNG of 1 × 1 pixels is unpacked no further than that", () => {
    expect(() => readImage(pngOf(1, 1, bomb), "a.png")).toThrow(
      "a.png is a PNG file that is damaged or incomplete (it holds more pixels than it says); give a complete file",
    );
  });

  it.each([
    ["iCCP", "profile\0\0"],
    ["zTXt", "text\0\0"],
    ["iTXt", "text\0\x01\0en\0text\0"],
    ["fdAT", "\0\0\0\x01"],
  ])("a chunk %s is skipped", (type, begin) => {
    const before = chunk(type, Buffer.concat([Buffer.from(begin, "latin1"), bomb]));
    // A chunk with a wrong checksum is skipped as well.
    const damaged = Buffer.from(before);
    damaged[damaged.length - 1]! ^= 1;
    for (const part of [before, damaged])
      expect(readImage(pngOf(1, 1, white, part), "a.png")).toMatchObject({ data: Uint8Array.of(255), channels: 1 });
  });

  it("a PNG of one long row is refused", () => {
    const file = pngOf(5e7, 1, deflateSync(new Uint8Array(5e7 + 1)));
    expect(() => readImage(file, "a.png")).toThrow(
      "a.png has 50000000 × 1 pixels, a side of more than the supported 65535; make it smaller first",
    );
    for (const [width, height] of [
      [65_535, 1],
      [1, 65_535],
    ] as const) {
      const whole = readImage(pngOf(width, height, deflateSync(new Uint8Array(width * height + height))), "a.png");
      expect(fitImage(whole, { size: [28, 28], fit: "contain" }).values).toHaveLength(28 * 28 * 3);
    }
  });

  it("a PNG with too few bytes for its size is refused before memory is taken", () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => readImage(pngOf(7000, 7000, white), "a.png")).toThrow("(pixels are missing)");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });

  it("a JPEG with two frames is refused", () => {
    const { segments, rest } = partsOf(bytesOf("gray.jpg"));
    const frame = segments.find(isFrame)!;
    expect(() => readImage(jpegOf(...segments, frame, rest), "a.jpg")).toThrow("(it has two frames)");
    const huge = Buffer.from(frame);
    huge.writeUInt32BE(0xffffffff, 5);
    expect(() => readImage(jpegOf(...segments, huge, rest), "a.jpg")).toThrow("(it has two frames)");
    expect(() => readImage(jpegOf(huge, ...segments, rest), "a.jpg")).toThrow("has 65535 × 65535 pixels, more than");
  });

  it.each(["gray.jpg", "progressive.jpg", "cmyk.jpg"])(
    "%s with too few bytes for its size is refused at once",
    (name) => {
      const { segments, rest } = partsOf(bytesOf(name));
      const large = segments.map((segment) => {
        if (!isFrame(segment)) return segment;
        const frame = Buffer.from(segment);
        frame.writeUInt32BE((7000 << 16) | 7000, 5);
        return frame;
      });
      const before = process.memoryUsage().arrayBuffers;
      expect(() => readImage(jpegOf(...large, rest), name)).toThrow("(pixels are missing)");
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
    },
  );

  it("a JPEG cannot hold the same bits of a coefficient twice", () => {
    for (const name of ["gray.jpg", "progressive.jpg"]) {
      const { segments, rest } = partsOf(bytesOf(name));
      const scan = rest.subarray(0, rest.length - 2);
      expect(() => readImage(jpegOf(...segments, scan, scan, Buffer.of(0xff, 0xd9)), name)).toThrow(
        "(scans do not follow each other)",
      );
    }
  });

  it("profiles, comments and previews of a JPEG are skipped", () => {
    const { segments, rest } = partsOf(bytesOf("rgb.jpg"));
    const more = [0xe0, 0xe1, 0xe2, 0xec, 0xed, 0xef, 0xfe].flatMap((code) =>
      Array.from({ length: 40 }, () => {
        const segment = Buffer.alloc(65537, 0xff);
        segment.set([0xff, code, 0xff, 0xff]);
        return segment;
      }),
    );
    expect(readImage(jpegOf(...more, ...segments, rest), "a.jpg").data).toEqual(
      readImage(bytesOf("rgb.jpg"), "a.jpg").data,
    );
  });
});

describe("a JPEG of an unsupported kind is refused by name:", () => {
  it.each([0xc3, 0xc5, 0xc9, 0xca, 0xcf])("frame %i", (code) => {
    const { segments, rest } = partsOf(bytesOf("rgb.jpg"));
    const changed = segments.map((segment) =>
      isFrame(segment) ? Buffer.concat([Buffer.of(0xff, code), segment.subarray(2)]) : segment,
    );
    expect(() => readImage(jpegOf(...changed, rest), "a.jpg")).toThrow("a.jpg is a JPEG file of a rare kind");
  });

  it("two colours, two colours of one name, an unknown colour", () => {
    const { segments, rest } = partsOf(bytesOf("rgb.jpg"));
    const frameWith = (...changes: readonly (readonly [at: number, value: number])[]): Buffer =>
      jpegOf(
        ...segments.map((segment) => {
          if (!isFrame(segment)) return segment;
          const frame = Buffer.from(segment);
          for (const [at, value] of changes) frame[at] = value;
          return frame;
        }),
        rest,
      );
    const id = segments.find(isFrame)![10]!;
    expect(() => readImage(frameWith([9, 2]), "a.jpg")).toThrow("(its header has a wrong length)");
    expect(() => readImage(frameWith([13, id]), "a.jpg")).toThrow("(two colours have one name)");
    expect(() => readImage(frameWith([10, 77]), "a.jpg")).toThrow("(a scan holds an unknown colour)");
    expect(() => readImage(frameWith([11, 0x51]), "a.jpg")).toThrow("(a colour has a wrong sampling factor or table)");
  });
});

describe("resizing", () => {
  it.each(golden.resized)("$width × $height to $toWidth × $toHeight equals the result of Pillow", (row) => {
    const from = grays(row.height, row.width, (i) => row.values[i]!);
    const { values } = resized(from, row.toHeight, row.toWidth, 1);
    row.resized.forEach((x, i) => expect(values[i]! * 255).toBeCloseTo(x, 2));
  });

  it("keeps even areas, and all numbers in the range of the image", () =>
    fc.assert(
      fc.property(
        fc.record({ h: fc.integer({ min: 1, max: 30 }), w: fc.integer({ min: 1, max: 30 }), seed: fc.nat(1e6) }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        ({ h, w, seed }, tall, wide) => {
          const even = resized(
            grays(h, w, () => 51),
            tall,
            wide,
            3,
          );
          for (const x of even.values) expect(x).toBeCloseTo(0.2, 9);
          const random = new Random(seed).uniform(h * w);
          const from = grays(h, w, (i) => Math.floor(random[i]! * 256));
          const { values } = resized(from, tall, wide, 1);
          expect(Math.max(...values)).toBeLessThanOrEqual(Math.max(...from.data) / 255 + 1e-9);
          expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.min(...from.data) / 255 - 1e-9);
          // Reduction by an integer factor keeps the mean; the same size keeps everything.
          if (tall === h && wide === w) values.forEach((x, i) => expect(x).toBeCloseTo(from.data[i]! / 255, 12));
        },
      ),
    ));
});

describe("a large image", () => {
  const wide = (width: number, height: number): Uint8Array =>
    encode({
      width,
      height,
      channels: 1,
      depth: 8,
      data: new Uint8Array(width * height).map((_, i) => (i % width) >> 5),
    });

  it("of 40 megapixels is read", { timeout: 120_000 }, () => {
    const image = readImage(wide(8000, 5000), "large.png");
    const { values, inner } = fitImage(image, { size: [28, 28], channels: 1, fit: "contain" });
    // From 0 on the left to 249 on the right; each pixel is the mean of nearly two columns of 286 pixels.
    expect([0, 13, 27].map((column) => Math.round(values[14 * 28 + column]! * 255))).toEqual([5, 120, 244]);
    expect(inner).toEqual([18, 28]);
  });

  it("of more than 50 is refused before it is decoded", () => {
    const png = bytesOf("gray.png");
    new DataView(png.buffer).setUint32(16, 60_000);
    new DataView(png.buffer).setUint32(20, 1000);
    expect(() => readImage(png, "a.png")).toThrow(
      "a.png has 60000 × 1000 pixels, more than the supported 50 million; make it smaller first",
    );
  });
});
