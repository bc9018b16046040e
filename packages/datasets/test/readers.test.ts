import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fetchMnist, readCifar10, readIdx, readMnist, readNpy, writeNpy, type ByteSource } from "../src/index.ts";

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

/** The same bytes in every form that they may come in. */
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

describe("IDX", () => {
  it("of bytes, from every kind of source, gzipped or not", async () => {
    const file = bytesIdx([2, 1, 3], [1, 2, 3, 253, 254, 255]);
    for (const source of forms(file))
      expect(await readIdx(source)).toEqual({ shape: [2, 1, 3], values: Uint8Array.of(1, 2, 3, 253, 254, 255) });
  });

  it("of every type of numbers", async () => {
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

  it("truncated at any byte, or longer than it says, is refused", async () => {
    const file = bytesIdx([2, 3], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < file.length; length++)
      await expect(readIdx(file.subarray(0, length)), `${length} bytes`).rejects.toThrow(
        /IDX file: truncated: .* needs \d+ bytes/,
      );
    await expect(readIdx(Uint8Array.of(...file, 0))).rejects.toThrow(/more follows after byte 18/);
    await expect(readIdx(new Uint8Array(gzipSync(file)).subarray(0, 20))).rejects.toThrow(/IDX file/);
  });

  it("of another kind, or of a size that cannot be, is refused before anything is allocated", async () => {
    await expect(readIdx(new TextEncoder().encode("<!doctype html>"))).rejects.toThrow(
      /begins with the bytes 3c 21 64 6f; expected 00 00/,
    );
    await expect(readIdx(bytesIdx([0xffffffff, 0xffffffff, 0xffffffff], []))).rejects.toThrow(/more than can be held/);
  });
});

describe("MNIST", () => {
  const images = bytesIdx([2, 2, 2], [0, 255, 0, 0, 0, 0, 255, 0]);
  const labels = bytesIdx([2], [7, 3]);

  it("is images and labels", async () => {
    const data = await readMnist(images, labels);
    expect(data).toMatchObject({ size: 2, shape: [2, 2, 1], labels: Uint8Array.of(7, 3), scale: 1 / 255 });
  });

  it("swapped files and files of two sets are told apart", async () => {
    await expect(readMnist(labels, images)).rejects.toThrow(/are the two files swapped\?/);
    await expect(readMnist(images, bytesIdx([3], [1, 2, 3]))).rejects.toThrow("2 images but 3 labels");
    await expect(readMnist(images, bytesIdx([2], [1, 12]))).rejects.toThrow("labels[1] is 12, out of range");
  });

  it("is fetched from four addresses", async () => {
    const files: Readonly<Record<string, Uint8Array>> = { a: images, b: labels };
    const fetchFrom = async (url: string | URL): Promise<Response> =>
      files[url.toString()] === undefined
        ? new Response(null, { status: 404, statusText: "Not Found" })
        : new Response(files[url.toString()] as Uint8Array<ArrayBuffer>);
    const urls = { trainImages: "a", trainLabels: "b", testImages: "a", testLabels: "b" };
    expect((await fetchMnist(urls, fetchFrom)).test.size).toBe(2);
    await expect(fetchMnist({ ...urls, testLabels: "c" }, fetchFrom)).rejects.toThrow(
      "mnist: c answered 404 Not Found",
    );
  });
});

describe("CIFAR-10", () => {
  const record = (label: number): Uint8Array =>
    Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? label : i % 251));

  it("has its planes brought together pixel by pixel", async () => {
    const two = Uint8Array.of(...record(3), ...record(9));
    const data = await readCifar10(two, record(0));
    expect(data).toMatchObject({ size: 3, shape: [32, 32, 3], labels: Uint8Array.of(3, 9, 0) });
    const pixel = 40;
    const planes = [0, 1, 2].map((channel) => (1 + channel * 1024 + pixel) % 251);
    expect([...data.inputs.subarray(3072 + pixel * 3, 3072 + pixel * 3 + 3)]).toEqual(planes);
  });

  it("truncated or foreign is refused", async () => {
    await expect(readCifar10(record(1).subarray(0, 3000))).rejects.toThrow("record 0 has 3000 of 3073 bytes");
    await expect(readCifar10(record(77))).rejects.toThrow("record 0 has the label 77");
    await expect(readCifar10(new Uint8Array(0))).rejects.toThrow("there are no examples");
  });
});

describe("npy", () => {
  it("comes back as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
        fc.constantFrom(Float32Array, Float64Array, Uint8Array),
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

  /** A file with a header of one's own. */
  const file = (header: string, data: readonly number[], version = 1): Uint8Array => {
    const text = new TextEncoder().encode(`${header}\n`);
    const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
    return Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...text, ...data);
  };
  const header = (descr: string, order: string, shape: string): string =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

  it("in either byte order, C or Fortran order, versions 1 to 3", async () => {
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

  it("truncated anywhere, foreign, or not of numbers is refused", async () => {
    const good = writeNpy({ shape: [3], values: Float32Array.of(1, 2, 3) });
    for (let length = 0; length < good.length; length += 7)
      await expect(readNpy(good.subarray(0, length)), `${length} bytes`).rejects.toThrow(/npy file/);
    await expect(readNpy(Uint8Array.of(...good, 1))).rejects.toThrow(/more follows/);
    await expect(readNpy(file(header("<U7", "False", "1,"), []))).rejects.toThrow(/does not describe numbers/);
    await expect(readNpy(file(header("<f8", "False", "99999999, 99999999, 99999999"), []))).rejects.toThrow(
      /more than can be held/,
    );
    await expect(readNpy(file("{}", [], 9))).rejects.toThrow("its version is 9");
  });
});
