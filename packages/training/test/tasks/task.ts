import { Random, type Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import type { Numbers } from "@convlens/datasets";
import { weightsOf } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { describe, expect, it } from "vitest";
import type { Checkpoint, EpochRecord, Fit, FitRecord } from "../../src/index.ts";
import { all, curve } from "../records.ts";

/** Options that a test of a task adds to its own. */
export interface RunOptions {
  readonly epochs: number;
  readonly prefetch?: number;
  readonly resume?: Checkpoint;
}

/** A task that a model learns. */
export interface Task<Values> {
  /** Number of examples, and of a small version of the task. */
  readonly size: number;
  readonly small: number;
  readonly epochs: number;
  /** Whether plain loops take many seconds to learn it. */
  readonly isSlowOnReference?: boolean;
  /** Begins to train a fresh model on `size` examples. */
  readonly start: (size: number, options: RunOptions) => { readonly model: object; readonly run: Fit<Values> };
  /** Expects the quality that the last epoch must have reached. */
  readonly reached: (last: EpochRecord<Values>) => void;
}

/** Runs work on a backend of its own. */
async function on<T>(backend: Backend, work: () => Promise<T>): Promise<T> {
  useBackend(backend);
  try {
    return await work();
  } finally {
    backend.dispose();
  }
}

/** Tests that a task is learned to its quality, and that one seed gives one curve. */
export function describeTask<Values>(name: string, task: Task<Values>): void {
  const { size, small, start, reached } = task;
  /** Curve and weights of a short run, or of the rest of one that was stopped after some records and resumed. */
  const short = async (options: Omit<RunOptions, "epochs"> = {}, stop?: number): Promise<readonly unknown[]> => {
    const records: FitRecord<Values>[] = [];
    let { model, run } = start(small, { epochs: 2, ...options });
    if (stop !== undefined) {
      for await (const record of run) if (records.push(record) === stop) break;
      ({ model, run } = start(small, { epochs: 2, ...options, resume: await run.checkpoint() }));
    }
    records.push(...(await all(run)));
    return [curve(records), await weightsOf(model)];
  };

  describe(name, () => {
    it("is learned on cpu", async () => {
      const history = await on(await cpu({ threads: 2 }), async () =>
        start(size, { epochs: task.epochs }).run.then((x) => x),
      );
      reached(history.at(-1)!);
    });

    // Plain loops take 9 to 40 s for some of the tasks, which are tested there with CI_FULL=1 only.
    if (task.isSlowOnReference !== true || process.env["CI_FULL"] !== undefined)
      it("is learned on the reference", async () => {
        const history = await on(reference(), async () => start(size, { epochs: task.epochs }).run.then((x) => x));
        reached(history.at(-1)!);
      });

    it("has one curve for one seed: again, with two threads, stopped in mid-epoch, with batches made ahead", async () => {
      const expected = await on(await cpu({ threads: 1 }), () => short());
      expect(await on(await cpu({ threads: 1 }), () => short({ prefetch: 2 }))).toEqual(expected);
      expect(await on(await cpu({ threads: 2 }), () => short())).toEqual(expected);
      expect(await on(await cpu({ threads: 1 }), () => short({ prefetch: 1 }, 1))).toEqual(expected);
    });

    it("has the same losses on the reference", async () => {
      const losses = async (): Promise<number[]> => {
        const { run } = start(small, { epochs: 1 });
        return (await all(run)).map(({ loss }) => loss);
      };
      const expected = await on(await cpu({ threads: 1 }), losses);
      const found = await on(reference(), losses);
      found.forEach((loss, i) => expect(Math.abs(loss / expected[i]! - 1)).toBeLessThan(5e-3));
      expect(found.every(Number.isFinite)).toBe(true);
    });
  });
}

/** A blob in an image: its center and its radius in pixels. */
export interface Blob {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** Images `[size, side, side, 1]` of one blob each, with a little noise. */
export function blobs(
  size: number,
  side: number,
  seed = 7,
): { readonly images: Numbers; readonly blobs: readonly Blob[] } {
  const values = new Float32Array(size * side * side);
  const found = Array.from({ length: size }, (_, i): Blob => {
    const random = new Random(seed).split(i);
    const [x, y] = [side * (0.25 + 0.5 * random.next()), side * (0.25 + 0.5 * random.next())];
    const radius = side * (0.12 + 0.1 * random.next());
    for (let v = 0; v < side; v++)
      for (let u = 0; u < side; u++)
        values[(i * side + v) * side + u] =
          Math.exp(-((u - x) ** 2 + (v - y) ** 2) / radius ** 2) + 0.05 * (random.next() - 0.5);
    return { x, y, radius };
  });
  return { images: { values, shape: [size, side, side, 1] }, blobs: found };
}
