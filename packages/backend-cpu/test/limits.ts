import type { Backend, Instruction, Program, Shape } from "@convlens/backend";
import { expect, it } from "vitest";

const run = (backend: Backend, parts: Pick<Program, "feeds" | "instructions" | "outputs">, feeds: Float32Array[]) => {
  const executable = backend.compile({ variables: [], constants: [], updates: [], ...parts });
  return executable.run(feeds, []).finally(() => executable.dispose());
};
const negate = (input: number, shape: Shape): Instruction => ({
  operation: "negate",
  inputs: [input],
  attributes: {},
  shape,
});

/** Tests of a backend that runs out of memory. */
export function limits(make: () => Promise<Backend>): void {
  it("reports the requested size when memory is full, and continues with the rest", async () => {
    const backend = await make();
    const kept = backend.allocate(3);
    backend.write(kept, Float32Array.of(1, 2, 3));
    // Half of the maximum is used, and was never written.
    const half = backend.allocate(2 ** 29);
    const tooLarge = backend.allocate(2 ** 30);
    await expect(backend.read(tooLarge)).rejects.toThrow(
      /^cpu: out of memory: 4096\.0 MiB more were wanted, \d+\.\d MiB are in use; use a smaller batch/,
    );
    const shape = [2 ** 28];
    const tooMuch = run(
      backend,
      {
        feeds: [[1]],
        instructions: [
          { operation: "broadcast", inputs: [0], attributes: {}, shape },
          negate(1, shape),
          negate(1, shape),
        ],
        outputs: [1, 2, 3],
      },
      [Float32Array.of(1)],
    );
    await expect(tooMuch).rejects.toThrow(/out of memory: 3072\.0 MiB more were wanted/);
    expect([...(await backend.read(kept))]).toEqual([1, 2, 3]);
    backend.free(half);
    const [y] = await run(backend, { feeds: [[2]], instructions: [negate(0, [2])], outputs: [1] }, [
      Float32Array.of(4, 5),
    ]);
    expect([...y!]).toEqual([-4, -5]);
    backend.dispose();
  });

  it("does not use the memory of a failed run in the next one", async () => {
    const backend = await make();
    const [rows, size] = [64, 4096];
    // All of the memory except 100 MiB: enough for the matrices, and not for their prepared copies.
    const filler = [2 ** 29, 2 ** 29 - 2 ** 23 - 2 ** 23 - 2 ** 22].map((length) => backend.allocate(length));
    const product = run(
      backend,
      {
        feeds: [
          [rows, size],
          [size, size],
        ],
        instructions: [
          negate(0, [rows, size]),
          {
            operation: "matmul",
            inputs: [2, 1],
            attributes: { transposeA: false, transposeB: false },
            shape: [rows, size],
          },
        ],
        outputs: [3],
      },
      [new Float32Array(rows * size).fill(1), new Float32Array(size * size).fill(1)],
    );
    await expect(product).rejects.toThrow(/^matmul: cpu.* failed to compute .*out of memory/);
    // The feeds are now where the first instruction would write.
    const shape = [size, size];
    const [y] = await run(backend, { feeds: [shape], instructions: [negate(0, shape)], outputs: [1] }, [
      new Float32Array(size * size).fill(2),
    ]);
    expect(y!.every((value) => value === -2)).toBe(true);
    for (const each of filler) backend.free(each);
    backend.dispose();
  });
}
