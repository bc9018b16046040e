import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../src/index.ts";

/** A file with this header and these bytes of numbers. */
function fileOf(header: unknown, numbers: ArrayLike<number> = [], headerLength?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + numbers.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  file.set(text, 8);
  file.set(numbers, 8 + text.length);
  return file;
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const stored: fc.Arbitrary<StoredTensor> = shapes.chain((shape) => {
  const length = shape.reduce((a, b) => a * b, 1);
  const of = { minLength: length, maxLength: length };
  return fc.oneof(fc.float32Array(of), fc.float64Array(of)).map((values) => ({ shape, values }));
});

describe("safetensors", () => {
  it("are read as they were written, to the bit", () => {
    const tensors = fc.dictionary(
      fc.string().filter((name) => name !== "__metadata__"),
      stored,
    );
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (written, text) => {
        const read = readSafetensors(writeSafetensors(new Map(Object.entries(written)), text));
        expect(Object.fromEntries(read.tensors)).toEqual(written);
        expect({ ...read.metadata }).toEqual({ ...text });
        for (const [name, { values }] of read.tensors)
          for (const [i, value] of values.entries()) expect(Object.is(value, written[name]!.values[i])).toBe(true);
      }),
    );
  });

  it("keep names that have a meaning in JavaScript", () => {
    const written = new Map([["__proto__", { shape: [1], values: new Float32Array([1]) }]]);
    expect(readSafetensors(writeSafetensors(written)).tensors).toEqual(written);
  });

  it("have the bytes of the format", () => {
    const file = writeSafetensors(new Map([["w", { shape: [1, 2], values: new Float32Array([1, -2]) }]]), { by: "us" });
    const header = '{"__metadata__":{"by":"us"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect([...file.subarray(0, 8)]).toEqual([padded.length, 0, 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(file.subarray(8, 8 + padded.length))).toBe(padded);
    expect([...file.subarray(8 + padded.length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  it("are read from the middle of a buffer", () => {
    const file = writeSafetensors(new Map([["w", { shape: [], values: new Float64Array([0.1]) }]]));
    const within = new Uint8Array(file.length + 8);
    within.set(file, 3);
    expect(readSafetensors(within.subarray(3, 3 + file.length)).tensors.get("w")).toEqual({
      shape: [],
      values: new Float64Array([0.1]),
    });
  });

  it.each([
    ["I64", [255, 255, 255, 255, 255, 255, 255, 255], -1],
    ["I32", [0, 0, 0, 128], -2147483648],
    ["I16", [254, 255], -2],
    ["I8", [128], -128],
    ["U8", [200], 200],
    ["BOOL", [1], 1],
    ["U16", [254, 255], 65534],
    ["U32", [0, 0, 0, 128], 2147483648],
    ["U64", [255, 255, 255, 255, 255, 255, 255, 255], 2 ** 64],
    ["F16", [0x01, 0x00], 2 ** -24],
    ["F16", [0xff, 0x7b], 65504],
    ["F16", [0x00, 0xfc], -Infinity],
    ["F16", [0x01, 0x7e], NaN],
    ["BF16", [0x80, 0xbf], -1],
    ["F64", [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], 1],
  ])("%s", (dtype, bytes, value) => {
    const file = fileOf({ x: { dtype, shape: [], data_offsets: [0, bytes.length] } }, bytes);
    expect(readSafetensors(file).tensors.get("x")?.values[0]).toBe(value);
  });

  it("refuse wrong data when they are written", () => {
    const wrong = { shape: [3], values: new Float32Array(2) };
    expect(() => writeSafetensors(new Map([["w", wrong]]))).toThrow('the number of values of "w" [3] must be 3, got 2');
    const fine = { shape: [2], values: new Float32Array(2) };
    expect(() => writeSafetensors(new Map([["__metadata__", fine]]))).toThrow(
      '"__metadata__" is the name of the metadata',
    );
    for (const values of [[1, 2], new Uint8Array(2), new Int32Array(2), undefined])
      expect(() => writeSafetensors(new Map([["w", { shape: [2], values: values as never }]]))).toThrow(
        'the values of "w" must be a Float32Array or a Float64Array',
      );
    expect(() => writeSafetensors(new Map(), { epoch: 3 as never })).toThrow('the metadata "epoch" must be a string');
  });

  it("are read from an ArrayBuffer, and only from bytes", () => {
    const file = fileOf({ __metadata__: { by: "us" } });
    expect(readSafetensors(file.buffer as ArrayBuffer).metadata).toEqual({ by: "us" });
    for (const source of ["w.safetensors", undefined, null, [1], new Blob([])])
      expect(() => readSafetensors(source as never)).toThrow(/expected the bytes of a file/);
  });

  it("may have null as metadata", () => {
    const file = fileOf({ __metadata__: null, w: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, [7]);
    expect(readSafetensors(file)).toEqual({
      tensors: new Map([["w", { shape: [1], values: Float32Array.of(7) }]]),
      metadata: {},
    });
  });
});

describe("a hostile file is refused before its numbers are read", () => {
  const w = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const eight = new Uint8Array(8);

  it.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(0), "has 0 bytes, fewer than the 8"],
    ["shorter than the length", new Uint8Array(5), "has 5 bytes"],
    ["a header that is longer than the file", fileOf({ w }, eight, 1000), "should have 1000 bytes, but only"],
    ["a huge header", fileOf({ w }, eight, 2 ** 52), "the limit is 16777216"],
    ["another format", new Uint8Array(64).fill(0x51), "the limit is 16777216"],
    ["no JSON", fileOf("{ not json }"), "the header is not valid JSON"],
    ["no text", fileOf("{}").fill(0xff, 8), "the header is not valid JSON"],
    ["no object", fileOf([w]), 'it does not begin with "{"'],
    ["null", fileOf(null), 'it does not begin with "{"'],
    ["a space before the object", fileOf(" {}"), 'it does not begin with "{"'],
    ["a byte order mark", fileOf("\ufeff{}"), 'it does not begin with "{"'],
    ["no dtype", fileOf({ w: { ...w, dtype: 4 } }, eight), 'the entry of "w" lacks'],
    ["no entry", fileOf({ w: null }, eight), 'the entry of "w" lacks'],
    ["a wrong dtype", fileOf({ w: { ...w, dtype: "F8" } }, eight), "the unknown dtype F8; the known ones are F64, F32"],
    ["a dtype of every object", fileOf({ w: { ...w, dtype: "toString" } }, eight), "the unknown dtype toString"],
    ["a negative size", fileOf({ w: { ...w, shape: [-2] } }, eight), 'the entry of "w" lacks'],
    ["a broken size", fileOf({ w: { ...w, shape: [0.5, 4] } }, eight), 'the entry of "w" lacks'],
    ["a huge size", fileOf({ w: { ...w, shape: [2 ** 40, 2 ** 40] } }, eight), '"w" has 8 bytes for the shape'],
    ["three offsets", fileOf({ w: { ...w, data_offsets: [0, 8, 8] } }, eight), '"w" has the offsets 0 to 8 to 8'],
    ["offsets beyond the end", fileOf({ w: { ...w, data_offsets: [8, 16] } }, eight), "there are 8 bytes of numbers"],
    ["offsets backwards", fileOf({ w: { ...w, data_offsets: [8, 0] } }, eight), '"w" has the offsets 8 to 0'],
    ["too few bytes", fileOf({ w: { ...w, shape: [3] } }, eight), '"w" has 8 bytes for the shape [3] of F32'],
    ["overlapping tensors", fileOf({ w, v: w }, eight), "begins at 0, but the numbers before it end at 8"],
    ["a gap", fileOf({ w: { ...w, data_offsets: [4, 12] } }, new Uint8Array(12)), '"w" begins at 4'],
    ["bytes left over", fileOf({ w }, new Uint8Array(12)), "4 bytes at the end belong to no tensor"],
    [
      "a name twice",
      fileOf(
        '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0077":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
        eight,
      ),
      'it has "w" twice in one object',
    ],
    ...[
      '{"w":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}',
      '{"w":{"dtype":"F32","sh\\u0061pe":[2],"shape":[2],"data_offsets":[0,8]}}',
      '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"shape":"a","shape" : "b"}}',
    ].map((header): [string, Uint8Array, string] => [
      `a key twice within an entry: ${header}`,
      fileOf(header, eight),
      'it has "shape" twice in one object',
    ]),
    ["65 axes", fileOf({ w: { ...w, shape: [2, ...new Array<number>(64).fill(1)] } }, eight), '"w" has 65 axes'],
    ["minus zero", fileOf('{"w":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'), 'the entry of "w" lacks'],
    ["metadata that is no text", fileOf({ __metadata__: { epoch: 3 } }), "the metadata is not an object of strings"],
    ["metadata in a list", fileOf({ __metadata__: ["a"] }), "the metadata is not an object of strings"],
  ])("%s", (_, file, sentence) => {
    expect(() => readSafetensors(file)).toThrow(sentence);
    expect(() => readSafetensors(file)).toThrow(
      /^readSafetensors: .*; (check that it is a complete safetensors file|the known ones are)/s,
    );
  });

  it.each<[string, () => string, string]>([
    ["deep lists", () => "[".repeat(1e7), "more than 8 nested brackets"],
    ["deep objects", () => '{"a":'.repeat(1e6), "more than 8 nested brackets"],
    ["an endless text of escapes", () => `"a":"${'\\"'.repeat(5e6)}`, "is not valid JSON"],
    ["a long text", () => `"__metadata__":{"a":"${'\\"'.repeat(5e6)}"}}`, ""],
    ["many entries", () => Array.from({ length: 200_001 }, (_, i) => `"${i}":0`).join(), "more than 200000 entries"],
  ])("a header of %s", (_, text, sentence) => {
    const file = fileOf(`{${text()}`);
    if (sentence === "") expect(readSafetensors(file).metadata["a"]).toHaveLength(5e6);
    else expect(() => readSafetensors(file)).toThrow(sentence);
  });

  it.each<[string, number[] | string, string]>([
    ["a zip archive", "PK\x03\x04", "a zip archive, such as a .pt or .npz file"],
    ["gzip", [0x1f, 0x8b, 8, 0], "a gzip file"],
    ["a pickle", [0x80, 2], "a Python pickle"],
    ["a page", "<!doctype html>", "a web page"],
  ])("%s", (_, begin, sentence) => {
    const file = new Uint8Array(100);
    file.set(typeof begin === "string" ? new TextEncoder().encode(begin) : begin);
    expect(() => readSafetensors(file)).toThrow(`readSafetensors: this is ${sentence}; give a safetensors file`);
  });

  it("at any truncation", () => {
    const file = writeSafetensors(new Map([["w", { shape: [3], values: new Float32Array(3) }]]));
    for (let length = 0; length < file.length; length++)
      expect(() => readSafetensors(file.subarray(0, length))).toThrow(/^readSafetensors: /);
  });

  it("or read, if any byte of its header is changed, without another error", () => {
    const file = writeSafetensors(
      new Map([
        ["a.b", { shape: [2], values: new Float32Array(2) }],
        ["c", { shape: [1], values: new Float64Array(1) }],
      ]),
      { note: "x" },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: file.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = file.slice();
        changed[at] = byte;
        try {
          for (const { shape, values } of readSafetensors(changed).tensors.values())
            expect(values).toHaveLength(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect((error as Error).message).toMatch(/^readSafetensors: /);
        }
      }),
      { numRuns: 500 },
    );
  });
});
