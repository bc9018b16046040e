import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValueError } from "@convlens/backend";
import {
  batchOf,
  fetchMnist,
  readCifar10,
  readIdx,
  readMnist,
  readNpy,
  writeNpy,
  type ByteSource,
} from "../src/index.ts";

/** An IDX file: sizes and numbers big-endian. */
function idx(
  code: number,
  shape: readonly number[],
  numbers: readonly number[],
  write: (view: DataView, at: number, x: number) => void,
  bytes: number,
): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + bytes * numbers.length);
  const view = new DataView(file.buffer);
  file.set([0, 0, code, shape.length]);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  numbers.forEach((x, i) => write(view, 4 + 4 * shape.length + bytes * i, x));
  return file;
}
const bytesIdx = (shape: readonly number[], numbers: readonly number[]): Uint8Array =>
  idx(8, shape, numbers, (view, at, x) => view.setUint8(at, x), 1);

/** The same bytes as every kind of source. */
const forms = (file: Uint8Array): readonly ByteSource[] => [
  file,
  file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer,
  new Blob([file as Uint8Array<ArrayBuffer>]),
  new Response(file as Uint8Array<ArrayBuffer>),
  (async function* () {
    for (const byte of file) yield Uint8Array.of(byte);
  })(),
  new Uint8Array(gzipSync(file)),
];

describe("an IDX file", () => {
  it("is read from bytes and every kind of source, gzipped or not", async () => {
    const file = bytesIdx([2, 1, 3], [1, 2, 3, 253, 254, 255]);
    for (const source of forms(file))
      expect(await readIdx(source)).toEqual({ shape: [2, 1, 3], values: Uint8Array.of(1, 2, 3, 253, 254, 255) });
  });

  it("is read with every type of numbers", async () => {
    const read = async (
      code: number,
      bytes: number,
      write: (view: DataView, at: number, x: number) => void,
      x: number,
    ): Promise<unknown> => (await readIdx(idx(code, [1], [x], write, bytes))).values;
    expect(await read(0x09, 1, (v, at, x) => v.setInt8(at, x), -5)).toEqual(Int8Array.of(-5));
    expect(await read(0x0b, 2, (v, at, x) => v.setInt16(at, x), -500)).toEqual(Int16Array.of(-500));
    expect(await read(0x0c, 4, (v, at, x) => v.setInt32(at, x), -70000)).toEqual(Int32Array.of(-70000));
    expect(await read(0x0d, 4, (v, at, x) => v.setFloat32(at, x), 0.25)).toEqual(Float32Array.of(0.25));
    expect(await read(0x0e, 8, (v, at, x) => v.setFloat64(at, x), 0.1)).toEqual(Float64Array.of(0.1));
  });

  it("is refused if it is truncated at any byte, or too long", async () => {
    const file = bytesIdx([2, 3], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < file.length; length++)
      await expect(readIdx(file.subarray(0, length)), `${length} bytes`).rejects.toThrow(
        /IDX file: truncated: expected \d+ bytes of/,
      );
    await expect(readIdx(Uint8Array.of(...file, 0))).rejects.toThrow(/more follows after byte 18/);
    await expect(readIdx(new Uint8Array(gzipSync(file)).subarray(0, 20))).rejects.toThrow(/IDX file/);
  });

  it("is refused before any allocation if its kind or size is impossible", async () => {
    await expect(readIdx(new TextEncoder().encode("hello, world"))).rejects.toThrow(
      /expected 00 00.*, got 68 65 6c 6c;/,
    );
    await expect(readIdx(bytesIdx([0xffffffff, 0xffffffff, 0xffffffff], []))).rejects.toThrow(
      /expected at most \d+ bytes for/,
    );
    // 8 GiB of float64, though fewer than 2³¹ numbers.
    await expect(readIdx(idx(0x0e, [2 ** 30], [], () => undefined, 8))).rejects.toThrow(
      /expected at most \d+ bytes for/,
    );
    expect(await readIdx(bytesIdx([0, 0xffffffff, 0xffffffff], []))).toEqual({
      shape: [0, 0xffffffff, 0xffffffff],
      values: new Uint8Array(0),
    });
  });
});

/** An endless stream of zeros, and the number of bytes that were read from it. */
function endless(): { readonly source: AsyncIterable<Uint8Array>; taken: number; isClosed: boolean } {
  const state = { source: zeros(), taken: 0, isClosed: false };
  async function* zeros(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        state.taken += 1 << 16;
        yield new Uint8Array(1 << 16);
      }
    } finally {
      state.isClosed = true;
    }
  }
  return state;
}

/** Chunks after the first one. */
async function* after(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

describe("a file that unpacks or continues without end", () => {
  const readers = {
    idx: (source: ByteSource) => readIdx(source),
    npy: (source: ByteSource) => readNpy(source),
    cifar: (source: ByteSource) => readCifar10(source),
  };
  const begin = {
    idx: bytesIdx([2, 3], [1, 2, 3, 4, 5, 6]),
    npy: writeNpy({ shape: [1], values: Float32Array.of(1) }),
    cifar: new Uint8Array(3073),
  };

  it.each(["idx", "npy", "cifar"] as const)("is closed where an %s file should have ended", async (kind) => {
    const state = endless();
    await expect(readers[kind](after(begin[kind], state.source))).rejects.toThrow(
      /more follows|more than 100000 records/,
    );
    expect(state.taken).toBeLessThan(400e6);
    expect(state.isClosed).toBe(true);
  });

  it.each(["idx", "npy"] as const)("is unpacked no further than the header of an %s file states", async (kind) => {
    const state = endless();
    const packed = new ReadableStream<BufferSource>({
      async pull(controller) {
        for await (const chunk of after(begin[kind], state.source)) {
          controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
          if (state.taken > 1e8) break;
        }
        controller.close();
      },
    }).pipeThrough(new CompressionStream("gzip"));
    const bomb = new Uint8Array(await new Response(packed).arrayBuffer());
    expect(bomb.length).toBeLessThan(2e5);
    const before = process.memoryUsage().arrayBuffers;
    await expect(readers[kind](bomb)).rejects.toThrow(/more follows/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6);
  });
});

describe("the error for a file of another kind names that kind", () => {
  const text = (characters: string): Uint8Array => Uint8Array.from(characters, (letter) => letter.charCodeAt(0));
  const tar = new Uint8Array(1024);
  tar.set(text("cifar-10-batches-bin/"));
  tar.set(text("ustar"), 257);
  const files: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    npz: [text("PK\x03\x04\x14\0\0\0\0\0"), "this is a zip archive; unpack it"],
    tar: [tar, "this is a tar archive; unpack it"],
    "tar.gz": [new Uint8Array(gzipSync(tar)), "this is a tar archive; unpack it"],
    "gz in gz": [new Uint8Array(gzipSync(gzipSync(tar))), "this is a gzip file; unpack it (gunzip) first"],
    xz: [text("\xfd7zXZ\0\0\x04"), "this is an xz archive"],
    html: [text("<!doctype html>"), "this is a web page; the address answers with a page"],
    pickle: [text("\x80\x02}q\x01"), "this is a Python pickle"],
    hdf5: [text("\x89HDF\r\n\x1a\n"), "this is an HDF5 file"],
    "git lfs": [text("version https://git-lfs.github.com/spec/v1"), "this is a pointer of Git LFS"],
  };
  it.each(Object.entries(files))("%s", async (_, [file, sentence]) => {
    for (const read of [readIdx, readNpy, readCifar10]) {
      await expect(read(file)).rejects.toThrow(sentence);
      await expect(read(file)).rejects.toThrow(ValueError);
    }
  });

  it("a value that is not a source of bytes is refused", async () => {
    for (const source of ["digits.npy", 5, null, undefined, {}, [1, 2]])
      for (const read of [readIdx, readNpy, readCifar10]) {
        await expect(read(source as never)).rejects.toThrow(/expected its bytes \(a Uint8Array/);
        await expect(read(source as never)).rejects.toThrow(ValueError);
      }
    const lines = (async function* () {
      yield "text";
    })();
    await expect(readNpy(lines as never)).rejects.toThrow(
      'npy file: expected chunks of bytes (Uint8Array), got "text"',
    );
    const used = new Response("x");
    await used.text();
    await expect(readNpy(used)).rejects.toThrow(/npy file: reading failed after 0 bytes/);
  });
});

describe("MNIST", () => {
  const images = bytesIdx([2, 2, 2], [0, 255, 0, 0, 0, 0, 255, 0]);
  const labels = bytesIdx([2], [7, 3]);

  it("has images and labels", async () => {
    const data = await readMnist(images, labels);
    expect(data).toMatchObject({ size: 2, shapes: { input: [2, 2, 1] }, labels: Uint8Array.of(7, 3) });
    expect(batchOf(data, [1]).inputs.knownValues).toEqual(Float32Array.of(0, 0, 1, 0));
  });

  it("has errors for swapped files and for files of different sets", async () => {
    await expect(readMnist(labels, images)).rejects.toThrow(/are the two files swapped\?/);
    await expect(readMnist(images, bytesIdx([3], [1, 2, 3]))).rejects.toThrow(
      "mnist: expected a label for each of 2 images, got 3; are the files of one set?",
    );
    await expect(readMnist(images, bytesIdx([2], [1, 12]))).rejects.toThrow(
      "mnist: labels[1] must be from 0 to 9, since there are 10 classes, got 12; give the names of all classes: { classes }",
    );
    await expect(readMnist(images, bytesIdx([2], [1, 10]))).rejects.toThrow("give firstLabel: 1");
  });

  it("has labels of any type of numbers, if they are integers", async () => {
    const kinds = [
      [0x09, 1, (v: DataView, at: number, x: number) => v.setInt8(at, x)],
      [0x0b, 2, (v: DataView, at: number, x: number) => v.setInt16(at, x)],
      [0x0c, 4, (v: DataView, at: number, x: number) => v.setInt32(at, x)],
      [0x0d, 4, (v: DataView, at: number, x: number) => v.setFloat32(at, x)],
      [0x0e, 8, (v: DataView, at: number, x: number) => v.setFloat64(at, x)],
    ] as const;
    for (const [code, bytes, write] of kinds) {
      expect([...(await readMnist(images, idx(code, [2], [7, 3], write, bytes))).labels]).toEqual([7, 3]);
      await expect(readMnist(images, idx(code, [2], [7, -1], write, bytes))).rejects.toThrow(
        "mnist: labels[1] must be from 0 to 9, since there are 10 classes, got -1; give the names of all classes: { classes }",
      );
      if (code >= 0x0d)
        await expect(readMnist(images, idx(code, [2], [0.5, 1], write, bytes))).rejects.toThrow(
          "mnist: labels[0] must be from 0 to 9, since there are 10 classes, got 0.5; give the names of all classes: { classes }",
        );
    }
  });

  it("is transposed and counted from 0 if it is EMNIST, with columns for rows and letters from 1", async () => {
    const columns = bytesIdx([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const data = await readMnist(columns, bytesIdx([2], [1, 26]), {
      classes: [..."abcdefghijklmnopqrstuvwxyz"],
      firstLabel: 1,
      transposed: true,
    });
    expect(data.shapes.input).toEqual([3, 2, 1]);
    const pixels = batchOf(data, [0, 1]).inputs.knownValues;
    expect(pixels).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12).map((x) => x / 255));
    expect([...data.labels]).toEqual([0, 25]);
    await expect(readMnist(columns, bytesIdx([2], [0, 26]), { firstLabel: 1 })).rejects.toThrow(
      "mnist: labels[0] must be from 1 to 10, since there are 10 classes, got 0; give the names of all classes: { classes }",
    );
    await expect(readMnist(images, labels, { transpose: true } as never)).rejects.toThrow(
      'unknown option "transpose"; did you mean "transposed"?',
    );
  });

  it("is fetched from four addresses", async () => {
    const files: Readonly<Record<string, Uint8Array>> = { a: images, b: labels };
    const fetchFrom = async (url: string | URL): Promise<Response> =>
      files[url.toString()] === undefined
        ? new Response(null, { status: 404, statusText: "Not Found" })
        : new Response(files[url.toString()] as Uint8Array<ArrayBuffer>);
    const urls = { trainImages: "a", trainLabels: "b", testImages: "a", testLabels: "b" };
    expect((await fetchMnist(urls, fetchFrom)).test.size).toBe(2);
    await expect(fetchMnist({ ...urls, testImages: "b" }, fetchFrom)).rejects.toThrow(
      /^b and b: mnist: expected images/,
    );
    await expect(fetchMnist({ ...urls, testLabel: "b" } as never, fetchFrom)).rejects.toThrow(
      'unknown option "testLabel"; did you mean "testLabels"?',
    );
    await expect(fetchMnist({ trainImages: "a" } as never, fetchFrom)).rejects.toThrow(
      "mnist: expected the addresses trainImages, trainLabels, testImages, testLabels, got none for trainLabels",
    );
    await expect(fetchMnist({ ...urls, testLabels: "c" }, fetchFrom)).rejects.toThrow(
      "mnist: c answered 404 Not Found",
    );
  });
});

describe("CIFAR-10", () => {
  const record = (label: number): Uint8Array =>
    Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? label : i % 251));

  it("has its colour planes interleaved by pixel", async () => {
    const two = Uint8Array.of(...record(3), ...record(9));
    const data = await readCifar10(two, record(0));
    expect(data).toMatchObject({ size: 3, shapes: { input: [32, 32, 3] }, labels: Uint8Array.of(3, 9, 0) });
    const pixel = 40;
    const planes = [0, 1, 2].map((channel) => (1 + channel * 1024 + pixel) % 251);
    const image = batchOf(data, [1]).inputs.knownValues;
    expect([...image.subarray(pixel * 3, pixel * 3 + 3)]).toEqual(planes.map((byte) => Math.fround(byte / 255)));
  });

  it("is refused if it is truncated or of another kind", async () => {
    await expect(readCifar10(record(1).subarray(0, 3000))).rejects.toThrow(
      "CIFAR-10 file: truncated: record 0 must be 3073 bytes long, got 3000; fetch the file again",
    );
    await expect(readCifar10(record(77))).rejects.toThrow(
      "CIFAR-10 file: the label of record 0 must be from 0 to 9, got 77; it is another kind of file",
    );
    await expect(readCifar10(new Uint8Array(0))).rejects.toThrow(
      "classification: expected at least one example, got none",
    );
  });
});

describe("an npy file", () => {
  it("is read as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
        fc.constantFrom(
          ...[Float32Array, Float64Array, Uint8Array, Int8Array],
          ...[Int16Array, Uint16Array, Int32Array, Uint32Array],
        ),
        async (shape, Numbers) => {
          const values = new Numbers(shape.reduce((a, b) => a * b, 1));
          for (let i = 0; i < values.length; i++) values[i] = i * 1.25;
          const file = writeNpy({ shape, values });
          expect((10 + file[8]! + 256 * file[9]!) % 64).toBe(0);
          for (const source of forms(file)) expect(await readNpy(source)).toEqual({ shape, values });
        },
      ),
      { numRuns: 30 },
    );
  });

  /** An npy file with the given header. */
  const file = (header: string, data: readonly number[], version = 1): Uint8Array => {
    const text = new TextEncoder().encode(`${header}\n`);
    const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
    return Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...text, ...data);
  };
  const header = (descr: string, order: string, shape: string): string =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

  it("is read in either byte order, C or Fortran order, versions 1 to 3", async () => {
    expect(await readNpy(file(header(">i2", "False", "2,"), [1, 0, 255, 254]))).toEqual({
      shape: [2],
      values: Int16Array.of(256, -2),
    });
    expect((await readNpy(file(header("|u1", "True", "2, 3"), [1, 2, 3, 4, 5, 6], 2))).values).toEqual(
      Uint8Array.of(1, 3, 5, 2, 4, 6),
    );
    expect(
      (await readNpy(file(header("<i8", "False", ""), [255, 255, 255, 255, 255, 255, 255, 255], 3))).values,
    ).toEqual(Float64Array.of(-1));
    expect((await readNpy(file(header("|b1", "False", "1,"), [1]))).values).toEqual(Uint8Array.of(1));
  });

  it("is read with float16 and 64-bit integers", async () => {
    // NumPy: np.array([1, -2, 65504, 2**-24, inf], "<f2").tobytes()
    const half = [0, 0x3c, 0, 0xc0, 0xff, 0x7b, 1, 0, 0, 0x7c];
    expect((await readNpy(file(header("<f2", "False", "5,"), half))).values).toEqual(
      Float32Array.of(1, -2, 65504, 2 ** -24, Infinity),
    );
    const swapped = half.flatMap((_, i) => (i % 2 === 0 ? [half[i + 1]!, half[i]!] : []));
    expect((await readNpy(file(header(">f2", "False", "5,"), swapped))).values).toEqual(
      Float32Array.of(1, -2, 65504, 2 ** -24, Infinity),
    );
    const ones = new Array<number>(8).fill(255);
    expect((await readNpy(file(header("<u8", "False", "1,"), ones))).values).toEqual(Float64Array.of(2 ** 64));
    expect((await readNpy(file(header("<i8", "False", "1,"), ones))).values).toEqual(Float64Array.of(-1));
  });

  it("may have a header in any spelling of Python", async () => {
    const spellings = [
      `{"descr": "<i2", "fortran_order": False, "shape": (2, 1)}`,
      `{'shape':(2L,1L),'fortran_order':False,'descr':'<i2'}`,
      ` { u'descr' : u'<i2' , 'fortran_order' : False , 'shape' : [2, 1,] , } `,
      `{'descr': '<i2', 'fortran_order': False, 'shape': (0x2, 1), }`.replace("0x2", "((2))"),
    ];
    for (const spelling of spellings)
      expect(await readNpy(file(spelling, [1, 0, 2, 0])), spelling).toEqual({
        shape: [2, 1],
        values: Int16Array.of(1, 2),
      });
  });

  it("has its header parsed, not searched", async () => {
    const refused: readonly (readonly [header: string, sentence: string])[] = [
      [header("<f4", "False", ",2"), "unexpected ,"],
      [header("<f4", "False", "1"), "its shape is 1, expected a tuple of whole numbers"],
      [header("<f4", "False", "-1,"), "its shape is [-1], expected"],
      [header("<f4", "False", "1.0,"), "is not a dictionary of Python"],
      [header("<f4", "False", "1 1"), 'expected ",", got 1'],
      [header("<f4", "False", "True,"), "its shape is [true], expected"],
      [header("<f4", "None", "1,"), "fortran_order is null, expected True or False"],
      [header("<f4", "'False'", "1,"), "fortran_order is"],
      [header("<f4", "False", new Array(65).fill(1).join()), "has 65 axes"],
      [header("<c8", "False", "1,"), '"<c8" (complex numbers) is not one of'],
      [header("|O", "False", "1,"), '"|O" (Python objects (a pickle)) is not one of'],
      [header("<f16", "False", "1,"), '"<f16" (floats of this size) is not one of'],
      [header("<M8[ns]", "False", "1,"), "is not one of"],
      [header("<f4 ", "False", "1,"), "is not one of"],
      ["{'descr': [('x', '<f4'), ('y', '<f4')], 'fortran_order': False, 'shape': (1,)}", "elements are records"],
      ["{'descr': '<f4', 'fortran_order': False}", "should be a dictionary of descr, fortran_order, shape"],
      [`{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}`, 'the key "descr" occurs twice'],
      [`${header("<f4", "False", "1,")} {}`, "expected the end"],
      [`x = ${header("<f4", "False", "1,")}`, "is not a dictionary of Python"],
      ["(".repeat(60_000), "more than 16 nested brackets"],
      [`{"descr": ${'"\\"'.repeat(10_000)}`, "is not a dictionary of Python"],
    ];
    for (const [text, sentence] of refused) {
      const read = readNpy(file(text, [0, 0, 128, 63]));
      await expect(read, text.slice(0, 99)).rejects.toThrow(ValueError);
      await expect(read, text.slice(0, 99)).rejects.toThrow(sentence);
    }
  });

  it("refuses wrong data when it is written", () => {
    expect(() => writeNpy({ shape: [2], values: [1, 2] as never })).toThrow(
      "writeNpy: values must be one of Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, got [1, 2]",
    );
    expect(() => writeNpy({ shape: [1], values: new BigInt64Array(1) as never })).toThrow(ValueError);
    expect(() => writeNpy({ shape: [3], values: Float32Array.of(1, 2) })).toThrow("expected 3 values for [3]");
    expect(() => writeNpy({ shape: new Array<number>(65).fill(1), values: Float32Array.of(1) })).toThrow(
      "at most 64 axes",
    );
  });

  it("is refused if it is truncated, of another kind, or without numbers", async () => {
    const good = writeNpy({ shape: [3], values: Float32Array.of(1, 2, 3) });
    for (let length = 0; length < good.length; length += 7)
      await expect(readNpy(good.subarray(0, length)), `${length} bytes`).rejects.toThrow(/npy file/);
    await expect(readNpy(Uint8Array.of(...good, 1))).rejects.toThrow(/more follows/);
    await expect(readNpy(file(header("<U7", "False", "1,"), []))).rejects.toThrow(
      /"<U7" \(texts\) is not one of those/,
    );
    await expect(readNpy(file(header("<f8", "False", "99999999, 99999999, 99999999"), []))).rejects.toThrow(
      /expected at most \d+ bytes for/,
    );
    await expect(readNpy(file("{}", [], 9))).rejects.toThrow("its version is 9.0");
  });
});
