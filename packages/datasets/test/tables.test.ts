import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ValueError } from "@convlens/backend";
import { arrays, batches, classification, fromShards, readCsv, readNpz, writeNpy, type Shard } from "../src/index.ts";
import { shard } from "../src/node/index.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "read",
    (error: Error) => {
      expect(error).toBeInstanceOf(ValueError);
      return error.message;
    },
  );
const npy = (shape: readonly number[], first = 0): Uint8Array<ArrayBuffer> =>
  writeNpy({
    shape,
    values: Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i),
  }) as Uint8Array<ArrayBuffer>;

/** numpy.savez_compressed(file, images=float32 [[1, 2], [3, 4]], y=int32 [7, 8, 9]), NumPy 1.24. */
const NPZ =
  "UEsDBBQAAAAIAAAAIQBO+yB1UwAAAJAAAAAKABQAaW1hZ2VzLm5weQEAEACQAAAAAAAAAFMAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKRpo6CrUKZAMuBoYGewYGBgcgAuIGBwBQSwMEFAAAAAgAAAAhAKeZaxVNAAAAjAAAAAUAFAB5Lm5weQEAEACMAAAAAAAAAE0AAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjqaOgq1ChQALnYGBgYOIOYEYgBQSwECFAMUAAAACAAAACEATvsgdVMAAACQAAAACgAAAAAAAAAAAAAAgAEAAAAAaW1hZ2VzLm5weVBLAQIUAxQAAAAIAAAAIQCnmWsVTQAAAIwAAAAFAAAAAAAAAAAAAACAAY8AAAB5Lm5weVBLBQYAAAAAAgACAGsAAAATAQAAAAA=";

describe("an npz file", () => {
  it("of NumPy is read", async () => {
    const file = new Uint8Array(Buffer.from(NPZ, "base64"));
    const { images, y } = await readNpz(file, ["images", "y"]);
    expect(images).toEqual({ shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) });
    expect(y).toEqual({ shape: [3], values: Int32Array.of(7, 8, 9) });
  });

  it("gives all arrays, stored or packed, and skips other files", async () => {
    for (const level of [0, 9] as const) {
      const file = zipSync({ "a.npy": npy([2]), "b/c.npy": npy([3], 5), "notes.txt": strToU8("text") }, { level });
      expect(await readNpz(file)).toEqual({
        a: { shape: [2], values: Uint8Array.of(0, 1) },
        "b/c": { shape: [3], values: Uint8Array.of(5, 6, 7) },
      });
    }
  });

  it("is refused where an array is missing, wrong or larger than it can be", async () => {
    const file = zipSync({ "a.npy": npy([2]) });
    expect(await message(readNpz(file, ["b"]))).toContain('it has no array "b"');
    expect(await message(readNpz(zipSync({ "a.npy": strToU8("hello, world") })))).toContain('the array "a": npy file');
    expect(await message(readNpz(npy([2])))).toContain("this is an npy file");
    expect(await message(readNpz(new Uint8Array(3)))).toContain("cannot be unpacked");
    const bomb = zipSync({ "a.npy": new Uint8Array(1e6) }, { level: 9 });
    const at = Buffer.from(bomb).lastIndexOf("PK\x01\x02");
    expect(at).toBeGreaterThan(0);
    for (const [size, text] of [
      [2 ** 32 - 2, "its arrays have more than"],
      [2 ** 30, "cannot have 1073741824 bytes"],
    ] as const) {
      // The size in the directory of the archive.
      const claimed = bomb.slice();
      new DataView(claimed.buffer).setUint32(at + 24, size, true);
      expect(await message(readNpz(claimed))).toContain(text);
    }
  });

  it("that is truncated or changed is an error or arrays", () => {
    const file = zipSync({ "a.npy": npy([5, 5]), "b.npy": npy([3]) });
    return fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), fc.boolean(), async (at, value, isCut) => {
        const changed = isCut ? file.slice(0, at) : file.with(at, value);
        const read = await readNpz(changed).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toBeInstanceOf(ValueError);
        else expect(isCut).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a CSV file", () => {
  it("gives numbers and classes", async () => {
    const table = await readCsv(bytesOf('\ufeffa, b ,kind\r\n1,-2.5,"x, y"\r\n\r\n.5,+1e3, z\n7.,0,"x, y"\n'));
    expect([table.names, table.size]).toEqual([["a", "b", "kind"], 3]);
    expect(table.numbers("b", "a")).toEqual({ values: Float64Array.of(-2.5, 1, 1000, 0.5, 0, 7), shape: [3, 2] });
    expect(table.classes("kind")).toEqual({ labels: Int32Array.of(0, 1, 0), classes: ["x, y", "z"] });
    expect(classification({ inputs: table.numbers("a"), ...table.classes("kind") }).size).toBe(3);
  });

  it("may have no header, another delimiter, and be gzipped", async () => {
    const table = await readCsv(new Uint8Array(gzipSync("1;2\n3;4\n")), { header: false, delimiter: ";" });
    expect(table.numbers()).toEqual({ values: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
    expect(table.names).toEqual(["0", "1"]);
  });

  it("has the numbers that were written", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }).chain((columns) =>
          fc.array(
            fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: columns, maxLength: columns }),
            {
              minLength: 1,
              maxLength: 5,
            },
          ),
        ),
        async (rows) => {
          const table = await readCsv(bytesOf(rows.map((row) => row.join(",")).join("\n")), { header: false });
          // A text has no −0.
          expect(Array.from(table.numbers().values)).toEqual(rows.flat().map((x) => x + 0));
        },
      ),
    ));

  it("is refused by row and column, with a fix", async () => {
    const numbers = (text: string, ...columns: string[]): Promise<string> =>
      message(readCsv(bytesOf(text)).then((table) => table.numbers(...columns)));
    expect([
      await numbers("a,b\n1,2\n3,NA\n"),
      await numbers("a,b\n1,\n"),
      await numbers("a,b\n1,0x10\n"),
      await numbers("a,b\n1,1e999\n"),
      await numbers("a,b\n1,2\n", "c"),
      await numbers("a,b\n1,2,3\n"),
      await numbers('a,b\n1,"2\n'),
      await numbers("a,a\n1,2\n"),
      await numbers("1,2\n3,4\n"),
      await numbers("a,b\n"),
      await numbers(""),
      await message(readCsv(Uint8Array.of(0x61, 0x0a, 0xff))),
      await message(readCsv(bytesOf("a"), { delimiter: "ab" })),
      await message(readCsv(bytesOf("a,b\n,1")).then((table) => table.classes("a"))),
      await message(readCsv(bytesOf("<!doctype html>"))),
    ]).toMatchInlineSnapshot(`
      [
        "CSV file: row 3 of "b" must be a finite number, got "NA"; correct it, or leave the row out",
        "CSV file: row 2 of "b" must be a finite number, got ""; correct it, or leave the row out",
        "CSV file: row 2 of "b" must be a finite number, got "0x10"; correct it, or leave the row out",
        "CSV file: row 2 of "b" must be a finite number, got "1e999"; correct it, or leave the row out",
        "CSV file: it has no column "c"; did you mean "a"? Columns are a, b",
        "CSV file: Invalid Record Length: expect 2, got 3 on line 2; correct that line",
        "CSV file: Quote Not Closed: the parsing is finished with an opening quote at line 2; correct that line",
        "CSV file: two columns are named "a"; rename one",
        "CSV file: its first row holds numbers, not names; pass header: false",
        "CSV file: it has no rows",
        "CSV file: it has no rows",
        "CSV file: The encoded data was not valid for encoding utf-8; correct that line",
        "readCsv: delimiter must be one character, such as "," or ";", got "ab"",
        "CSV file: row 2 of "a" must be the name of a class, got ""; correct it, or leave the row out",
        "CSV file: this is a web page; the address answers with a page: fetch the file itself",
      ]
    `);
  });
});

/** An IDX file of bytes. */
const idx = (shape: readonly number[], values: readonly number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255]), ...values);

describe("shards", () => {
  const folder = mkdtempSync(join(tmpdir(), "convlens-shards-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("give the batches of the same arrays in memory, in any order and from any place", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(100),
        fc.boolean(),
        async (counts, from, seed, onDisk) => {
          const size = counts.reduce((a, b) => a + b, 0);
          const values = Float32Array.from({ length: size * 6 }, (_, i) => i / 3);
          const targets = Uint8Array.from({ length: size }, (_, i) => i % 3);
          const parts = counts.map((count, k) => {
            const start = counts.slice(0, k).reduce((a, b) => a + b, 0);
            return [
              writeNpy({ shape: [count, 2, 3], values: values.subarray(start * 6, (start + count) * 6) }),
              k % 2 === 0
                ? idx([count], [...targets.subarray(start, start + count)])
                : writeNpy({ shape: [count], values: targets.subarray(start, start + count) }),
            ] as const;
          });
          const fileOf = async (bytes: Uint8Array, name: string): Promise<Shard> => {
            if (!onDisk) return new Blob([bytes as Uint8Array<ArrayBuffer>]);
            writeFileSync(join(folder, name), bytes);
            return shard(join(folder, name));
          };
          const data = await fromShards({
            inputs: await Promise.all(parts.map(([bytes], k) => fileOf(bytes, `x${k}`))),
            targets: await Promise.all(parts.map(([, bytes], k) => fileOf(bytes, `y${k}`))),
          });
          const memory = arrays({
            inputs: { values, shape: [size, 2, 3] },
            targets: { values: targets, shape: [size] },
          });
          expect([data.size, data.shapes]).toEqual([memory.size, memory.shapes]);
          const read = async (set: typeof memory, options: object): Promise<unknown[]> => {
            const found: unknown[] = [];
            for await (const { inputs, targets } of batches(set, { size: 2, shuffle: true, seed, ...options }))
              found.push([Array.from(inputs.knownValues), Array.from(targets.knownValues)]);
            return found;
          };
          const all = await read(memory, {});
          expect(await read(data, { prefetch: 2 })).toEqual(all);
          const place = Math.min(from, all.length);
          expect(await read(data, { from: place })).toEqual(all.slice(place));
        },
      ),
      { numRuns: 50 },
    ));

  it("reads only what an example needs of a large file", async () => {
    const rows = 3000;
    const file = writeNpy({ shape: [rows, 1024], values: new Uint8Array(rows * 1024).map((_, i) => (i / 1024) % 251) });
    let read = 0;
    const counted: Shard = {
      size: file.length,
      slice: (start, end) => {
        read += end - start;
        return { arrayBuffer: async () => file.slice(start, end).buffer };
      },
    };
    const labels = new Blob([npy([rows])]);
    const data = await fromShards({ inputs: [counted], targets: [labels] });
    const { input } = await data.example(2000, { seed: 0, epoch: 0 });
    expect(input).toEqual({ values: new Uint8Array(1024).fill(2000 % 251), shape: [1024] });
    expect(read).toBeLessThan(200_000);
  });

  it("with classes are a classification", async () => {
    const inputs = [new Blob([npy([2, 3])]), new Blob([npy([1, 3])])];
    const targets = [new Blob([npy([2])]), new Blob([npy([1], 1)])];
    const data = await fromShards({ inputs, targets, classes: ["a", "b"] });
    expect([Array.from(data.labels), data.classes]).toEqual([
      [0, 1, 1],
      ["a", "b"],
    ]);
    expect(await message(fromShards({ inputs, targets, classes: ["a"] }))).toContain("labels[1] must be");
  });

  it("are refused where files do not fit, by name", async () => {
    const blob = (bytes: Uint8Array<ArrayBuffer>): Shard => new Blob([bytes]);
    const [x, y] = [npy([2, 3]), npy([2])];
    const said = (inputs: Shard[], targets: Shard[] = [blob(y)]): Promise<string> =>
      message(fromShards({ inputs, targets }));
    const fortran = npy([2, 3]);
    fortran.set(bytesOf("True, "), Buffer.from(fortran).indexOf("False,"));
    const named = Object.assign(blob(x.slice(0, -1)), { name: "x.npy" }) as Shard;
    expect(
      [
        await said([named]),
        await said([blob(x), blob(npy([2, 4]))], [blob(y), blob(y)]),
        await said([blob(npy([3, 3]))]),
        await said([blob(new Uint8Array(gzipSync(x)))]),
        await said([blob(fortran)]),
        await said([blob(npy([]))]),
        await said([blob(bytesOf("hello, world") as Uint8Array<ArrayBuffer>)]),
        await said([blob(new Uint8Array(0))]),
        await said([]),
        await message(shard(join(folder, "nothing.npy"))),
        await message(shard(folder)),
      ].map((text) => text.replaceAll(folder, "FOLDER")),
    ).toMatchInlineSnapshot(`
      [
        "fromShards: x.npy: it has 133 bytes, and its header says 134; give a complete file",
        "fromShards: inputs[1] must be an array [n, 3], like inputs[0], got [2, 4]",
        "fromShards: expected files of 3 targets, as many as inputs, got [2]",
        "fromShards: inputs[0]: it is gzipped, so that it has no random access; unpack it (gunzip)",
        "fromShards: inputs[0]: it is in Fortran order, so that an example is not in one place; save numpy.ascontiguousarray(array)",
        "fromShards: inputs[0]: it has no examples",
        "fromShards: inputs[0]: IDX file: expected 00 00, a type from 08 to 0e and the number of axes as the first bytes, got 68 65 6c 6c; it is another kind of file",
        "fromShards: inputs[0]: IDX file: truncated: expected 4 bytes of the header from byte 0 on, got 0; fetch the file again",
        "fromShards: inputs must be an array of files (Blob, File, or shard(path) of @convlens/datasets/node), got []",
        "shard: FOLDER/nothing.npy cannot be read: ENOENT: no such file or directory, stat 'FOLDER/nothing.npy'",
        "shard: FOLDER is not a file",
      ]
    `);
  });
});
