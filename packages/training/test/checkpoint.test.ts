import { ConvlensError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { shapes, take } from "@convlens/datasets";
import {
  build,
  Dense,
  Flatten,
  parameters,
  readSafetensors,
  sequential,
  variables,
  weightsOf,
  writeSafetensors,
  type Layer,
} from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { checksumOf } from "../src/checkpointFile.ts";
import { adam, fit, loadCheckpoint, readCheckpoint, writeCheckpoint, type FitOptions } from "../src/index.ts";
import { all, curve } from "./records.ts";

const data = shapes({ size: 24, height: 4, width: 4, seed: 3 });
const model = (units = 4): Layer => sequential([new Flatten(), new Dense({ units })]);
const options = (): FitOptions => ({
  epochs: 3,
  batchSize: 8,
  seed: 7,
  validation: take(data, 8),
  earlyStopping: { patience: 9, restoreBest: true },
});
/** Checkpoints after 1, 4, … records: at the start, within an epoch, before and after its end. */
const files: Uint8Array[] = [];

beforeAll(async () => {
  useBackend(reference());
  const training = fit(model(), data, options());
  for await (const _ of training) files.push(writeCheckpoint(await training.checkpoint()));
});

/** A checkpoint with other progress and a matching checksum. */
function withProgress(file: Uint8Array, change: (progress: Record<string, unknown>) => unknown): Uint8Array {
  const { tensors, metadata } = readSafetensors(file);
  const progress = JSON.stringify(change(JSON.parse(metadata["progress"]!) as Record<string, unknown>));
  return writeSafetensors(tensors, { ...metadata, progress, checksum: checksumOf(progress, tensors) });
}

/** Expects that resuming from a file throws an error of this library and changes nothing. */
async function refuses(file: Uint8Array, told?: RegExp): Promise<void> {
  const own = build(model(), data.shapes.input, { seed: 1 });
  const optimizer = adam();
  const state = optimizer.state(parameters(own));
  const before = await weightsOf(own);
  let error: unknown;
  try {
    fit(own, data, { ...options(), optimizer, resume: readCheckpoint(file) });
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ConvlensError);
  if (told !== undefined) expect((error as Error).message).toMatch(told);
  expect(await weightsOf(own)).toEqual(before);
  expect([...state.values()].every((variable) => variable.isInitial)).toBe(true);
}

describe("a damaged checkpoint", () => {
  it("with any byte changed or truncated is refused, and changes nothing", async () => {
    const file = files[5]!;
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, by, isCut) => {
        if (isCut) return refuses(file.slice(0, at));
        const changed = file.slice();
        changed[at]! ^= by;
        // Padding of the header may be any white space.
        if (file[at] === 0x20 && [0x09, 0x0a, 0x0d].includes(changed[at]!)) return Promise.resolve();
        expect(() => loadCheckpoint(build(model(), data.shapes.input), changed)).toThrow(ConvlensError);
        return refuses(changed);
      }),
      { numRuns: 300 },
    );
  });

  it("with any field of its progress replaced is refused, even if its checksum fits", async () => {
    const fields = [
      ...["seed", "batchSize", "examples", "accumulate", "batchesPerEpoch"],
      ...["epoch", "batch", "step", "batches", "history", "sums"],
    ];
    const records = ["kind", "epoch", "step", "loss", "metrics", "validation", "stopped"];
    const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.constant(undefined), fc.double({ noNaN: true }));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: files.length - 1 }),
        fc.constantFrom(...fields),
        fc.constantFrom(...records),
        value,
        async (i, field, key, to) => {
          const file = files[i]!;
          const { progress } = readCheckpoint(file);
          if (JSON.stringify(to) === JSON.stringify((progress as unknown as Record<string, unknown>)[field])) return;
          await refuses(withProgress(file, (own) => ({ ...own, [field]: to })));
          if (progress.epoch === 0) return;
          const record = progress.history[0] as unknown as Record<string, unknown>;
          if (JSON.stringify(to) === JSON.stringify(record[key])) return;
          // A loss may be any number; which metrics there are, and whether there is validation data, is not known.
          if (typeof to === "number" && key === "loss") return;
          if (to === undefined && key === "validation") return;
          if (typeof to === "object" && key === "metrics") return;
          const changed = withProgress(file, (own) => {
            const [first, ...others] = own["history"] as object[];
            return { ...own, history: [{ ...first, [key]: to }, ...others] };
          });
          // A checkpoint at the end of its first epoch may be one of training that was stopped there.
          const isEnd = progress.epoch === 1 && progress.batch === 0;
          if (isEnd && key === "stopped" && to === true)
            expect(readCheckpoint(changed).progress.history[0]?.stopped).toBe(true);
          else await refuses(changed);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("has an error that names the damage", async () => {
    const file = files[5]!;
    const cases: readonly (readonly [change: (own: Record<string, unknown>) => unknown, told: RegExp])[] = [
      [() => null, /progress is not an object/],
      [() => "[".repeat(9), /progress is not an object/],
      [(own) => ({ ...own, seed: undefined }), /progress.seed is not a whole number/],
      [(own) => ({ ...own, epoch: -1 }), /progress.epoch is not a whole number of at least 0/],
      [(own) => ({ ...own, step: 4 }), /step 4 does not fit 5 batches/],
      [(own) => ({ ...own, step: 4, batches: 4 }), /batch 4 is not batch 2 of 3 in epoch 1/],
      [(own) => ({ ...own, history: [] }), /its history has 0 epochs, its progress 1/],
      [(own) => ({ ...own, history: [null] }), /progress\.history\[0\] is not an object/],
      [
        (own) => ({ ...own, sums: { ...(own["sums"] as object), loss: { number: "1e99" } } }),
        /progress\.sums\.loss is not a number/,
      ],
      [(own) => ({ ...own, batch: 0, step: 3, batches: 3 }), /sums over no batches/],
    ];
    for (const [change, told] of cases) await refuses(withProgress(file, change), told);
    const { tensors, metadata } = readSafetensors(file);
    for (const progress of ["{", "[".repeat(100_000), ""])
      await refuses(
        writeSafetensors(tensors, { ...metadata, progress, checksum: checksumOf(progress, tensors) }),
        /its progress is not JSON/,
      );
    await refuses(writeSafetensors(tensors, { ...metadata, checksum: "0" }), /checksum/);
  });
});

describe("a checkpoint that does not fit", () => {
  it("because of another model, optimizer or best model is refused before anything is written", async () => {
    const { tensors, metadata } = readSafetensors(files[5]!);
    const change = (name: string, to: string | undefined, shape?: readonly number[]): Uint8Array => {
      const stored = tensors.get(name)!;
      const others = [...tensors].filter(([own]) => own !== name);
      const changed = new Map([
        ...others,
        ...(to === undefined ? [] : [[to, { ...stored, shape: shape ?? stored.shape }] as const]),
      ]);
      return writeSafetensors(changed, { ...metadata, checksum: checksumOf(metadata["progress"]!, changed) });
    };
    for (const name of tensors.keys()) {
      const { shape } = tensors.get(name)!;
      await refuses(change(name, undefined), /only in one of the two/);
      await refuses(change(name, `${name}x`), /only in one of the two/);
      if (shape.length > 0) await refuses(change(name, name, [...shape, 1]), /in the file/);
    }
    await refuses(change("model.layers.1.bias", "other"), /"other" belongs to no part of it/);
  });

  it("because it has more epochs is refused, and one with as many ends at once", async () => {
    expect(() => fit(model(), data, { ...options(), epochs: 1, resume: readCheckpoint(files[5]!) })).toThrow(
      /epochs must be at least 2/,
    );
    expect(await all(fit(model(), data, { ...options(), epochs: 1, resume: readCheckpoint(files[3]!) }))).toEqual([]);
  });

  it("keeps a model that was never built as it is", async () => {
    const own = model();
    expect(() => fit(own, data, { ...options(), epochs: 1, resume: readCheckpoint(files[5]!) })).toThrow(ConvlensError);
    expect(() => fit(own, take(data, 16), { ...options(), resume: readCheckpoint(files[5]!) })).toThrow(ConvlensError);
    const { tensors, metadata } = readSafetensors(files[5]!);
    const less = new Map([...tensors].filter(([name]) => name !== "optimizer.first.layers.1.bias"));
    const file = writeSafetensors(less, { ...metadata, checksum: checksumOf(metadata["progress"]!, less) });
    expect(() => fit(own, data, { ...options(), resume: readCheckpoint(file) })).toThrow(ConvlensError);
    fit(own, data, { ...options(), seed: 5 });
    expect(await weightsOf(own)).toEqual(await weightsOf(build(model(), data.shapes.input, { seed: 5 })));
    expect(variables(own).size).toBe(2);
  });
});

describe("a checkpoint that is requested during training", () => {
  it("is that of one step, at any time", async () => {
    const expected = curve(await all(fit(model(), data, options())));
    await fc.assert(
      fc.asyncProperty(fc.nat(8), fc.nat(4), fc.nat(40), async (records, turns, jobs) => {
        const training = fit(model(), data, options());
        for (let i = 0; i < records; i++) await training.next();
        const next = training.next();
        for (let i = 0; i < turns; i++) await new Promise(setImmediate);
        for (let i = 0; i < jobs; i++) await Promise.resolve();
        const asked = training.checkpoint();
        const more = training.next();
        await Promise.all([next, more]);
        const resume = await asked;
        const { step, batch } = resume.progress;
        const resumed = curve(await all(fit(model(), data, { ...options(), resume })));
        expect(resumed).toEqual(expected.slice(expected.length - resumed.length));
        // Of the previous record, of the current one, or of the next one.
        const done = step + Math.floor(step / 3) - (batch === 3 ? 1 : 0);
        expect(done).toBeGreaterThanOrEqual(records);
        expect(done).toBeLessThanOrEqual(records + 2);
      }),
      { numRuns: 30 },
    );
  });
});
