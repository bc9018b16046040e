import fc from "fast-check";
import { reference } from "@convlens/backend-reference";
import { arrays } from "@convlens/datasets";
import { build, weightsOf, type Layer } from "@convlens/layers";
import { add, detach, mean, multiply, subtract, useBackend, Variable, type Tensor } from "@convlens/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import {
  fit,
  loadCheckpoint,
  writeCheckpoint,
  onPlateau,
  sgd,
  type EarlyStopping,
  type EpochRecord,
  type Fit,
  type FitOptions,
} from "../src/index.ts";
import { judgeEpoch } from "../src/earlyStopping.ts";

beforeEach(() => useBackend(reference()));

/** Losses of epochs, also NaN and infinite ones. */
const losses = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -10, max: 10 }).map((tenths) => tenths / 10) },
    fc.constantFrom(NaN, Infinity, -Infinity),
  ),
  { minLength: 1, maxLength: 20 },
);
const delta = fc.constantFrom(0, 0.1, 0.25, 1);

/** Epoch after which Keras 3 stops, and its best epoch, by the rule of `EarlyStopping` in mode "min". */
function kerasEarlyStopping(values: readonly number[], patience: number, minDelta: number): [number, number] {
  const min_delta = -minDelta;
  let [best, wait, best_epoch] = [Infinity, 0, -1];
  for (const [epoch, current] of values.entries()) {
    wait += 1;
    if (current - min_delta < best) {
      best = current;
      best_epoch = epoch;
      wait = 0;
      continue;
    }
    if (wait >= patience && epoch > 0) return [epoch, best_epoch];
  }
  return [values.length, best_epoch];
}

/** Learning rate after all epochs, by the rule of `ReduceLROnPlateau` of Keras 3 in mode "min", without cooldown. */
function kerasPlateau(values: readonly number[], patience: number, min_delta: number, factor: number): number {
  let [best, wait, rate] = [Infinity, 0, 1];
  for (const current of values)
    if (current < best - min_delta) {
      best = current;
      wait = 0;
    } else {
      wait += 1;
      if (wait >= patience) {
        rate *= factor;
        wait = 0;
      }
    }
  return rate;
}

describe("as Keras's callbacks", () => {
  it("early stopping finds the same last and best epoch, for any losses", () => {
    fc.assert(
      fc.property(losses, fc.integer({ min: 0, max: 4 }), delta, (values, patience, minimumDelta) => {
        const verdicts = values.map((_, i) => judgeEpoch(values.slice(0, i + 1), { patience, minimumDelta }));
        const stopped = verdicts.findIndex(({ stops }) => stops);
        const end = stopped < 0 ? values.length : stopped;
        const best = verdicts.slice(0, end).findLastIndex(({ isBest }) => isBest);
        expect([end, best]).toEqual(kerasEarlyStopping(values, patience, minimumDelta));
      }),
    );
  });

  it("a plateau lowers the learning rate after the same epochs", () => {
    const epoch = (loss: number): EpochRecord => ({
      kind: "epoch",
      epoch: 0,
      step: 0,
      loss,
      metrics: {},
      examplesPerSecond: 1,
      stopped: false,
    });
    fc.assert(
      fc.property(losses, fc.integer({ min: 0, max: 4 }), delta, (values, patience, minimumDelta) => {
        const schedule = onPlateau(1, { patience, minimumDelta, factor: 0.5 });
        const rate = schedule({ step: 0, steps: 1, epoch: values.length, history: values.map(epoch) });
        expect(rate).toBe(kerasPlateau(values, patience, minimumDelta, 0.5));
      }),
    );
  });

  // Keras's code executed by hand: losses, patience, min_delta; the epoch after which it stops, and the best one.
  it.each([
    ["the loss falls by less than delta in each epoch, but by more in two", [1, 0.95, 0.9, 0.85, 0.8], 2, 0.08, 5, 4],
    ["patience counts the epochs after the best", [3, 2, 2, 2, 2], 2, 0, 3, 1],
    ["patience 1 stops at the first epoch that is not better", [3, 2, 2, 1], 1, 0, 2, 1],
    ["patience 0 stops there, too, but never after the first epoch", [NaN, 2, 2], 0, 0, 2, 1],
    ["an epoch with NaN is not better", [3, NaN, 2, NaN, NaN, 1], 2, 0, 4, 2],
    ["an epoch with the same loss is not better", [1, 1, 1], 2, 0, 2, 0],
  ] as const)("%s", (_, values, patience, minDelta, end, best) => {
    expect(kerasEarlyStopping(values, patience, minDelta)).toEqual([end, best]);
    const verdicts = values.map((_, i) => judgeEpoch(values.slice(0, i + 1), { patience, minimumDelta: minDelta }));
    expect(verdicts.findIndex(({ stops }) => stops)).toBe(end === values.length ? -1 : end);
    expect(verdicts.slice(0, end).findLastIndex(({ isBest }) => isBest)).toBe(best);
  });
});

/** A model whose loss is the number in `value`; each step with learning rate 1 subtracts 1 from `steps`. */
class Given implements Layer {
  readonly steps = new Variable([0], [1]);
  readonly value = new Variable([0], [1], { trainable: false });
  call(x: Tensor): Tensor {
    return add(multiply(x, 0), add(this.value, subtract(this.steps, detach(this.steps))));
  }
}
const zeros = { values: new Float32Array(4), shape: [4, 1] };
const four = arrays({ inputs: zeros, targets: zeros });
const train = (model: Given, options: FitOptions): Fit =>
  fit(model, four, {
    batchSize: 4,
    optimizer: sgd({ learningRate: 1 }),
    onNaN: "continue",
    ...options,
    loss: (outputs) => mean(outputs),
  });

/** Trains with these losses; if there is a test set, they are the losses of the test set. */
async function run(
  values: readonly number[],
  earlyStopping: EarlyStopping,
  { isTested, onStep }: { readonly isTested: boolean; readonly onStep?: (step: number) => "break" | undefined },
): Promise<{ readonly model: Given; readonly training: Fit; readonly epochs: number; readonly error: unknown }> {
  const model = build(new Given(), [1]);
  const training = train(model, { epochs: values.length, earlyStopping, ...(isTested && { validation: four }) });
  let epochs = 0;
  let error: unknown;
  model.value.write([isTested ? 0 : values[0]!]);
  try {
    for await (const record of training) {
      if (record.kind === "step") {
        if (isTested) model.value.write([values[epochs]!]);
        if (onStep?.(record.step) === "break") break;
      } else {
        epochs++;
        model.value.write([isTested ? 0 : (values[epochs] ?? 0)]);
      }
    }
  } catch (caught) {
    error = caught;
  }
  return { model, training, epochs, error };
}
const stepsOf = async (model: object): Promise<number> => -(await weightsOf(model)).get("steps")!.values[0]!;

describe.each([true, false])("fit with early stopping (tested after each epoch: %s)", (isTested) => {
  it("stops after Keras's epoch and restores its best weights, for any losses", async () => {
    await fc.assert(
      fc.asyncProperty(losses, fc.integer({ min: 0, max: 4 }), delta, async (values, patience, minimumDelta) => {
        const rounded = values.map(Math.fround);
        const { model, epochs } = await run(rounded, { patience, minimumDelta, restoreBest: true }, { isTested });
        const [end, best] = kerasEarlyStopping(rounded, patience, minimumDelta);
        expect(epochs).toBe(Math.min(end + 1, values.length));
        // Without a best epoch the weights are those of the last one.
        expect(await stepsOf(model)).toBe(best < 0 ? epochs : best + 1);
      }),
      { numRuns: 25 },
    );
  });

  it.each(["break", "an error"] as const)("restores the best weights after %s", async (end) => {
    const values = [3, 1, NaN, 2, 2];
    const { model, training, error } = await run(
      values,
      { patience: 9, restoreBest: true },
      {
        isTested,
        onStep: (step) => {
          if (step < 5) return;
          if (end === "break") return "break";
          throw new Error("enough");
        },
      },
    );
    expect((error as Error | undefined)?.message).toBe(end === "break" ? undefined : "enough");
    expect(await stepsOf(model)).toBe(2);
    // A checkpoint continues where training stopped.
    const other = build(new Given(), [1]);
    loadCheckpoint(other, writeCheckpoint(await training.checkpoint()));
    expect(await stepsOf(other)).toBe(5);
  });
});

it("restores the best weights after an abort, too; without restoreBest the weights stay", async () => {
  for (const restoreBest of [true, false]) {
    const model = build(new Given(), [1]);
    const controller = new AbortController();
    const training = train(model, {
      epochs: 9,
      earlyStopping: { patience: 9, restoreBest },
      signal: controller.signal,
    });
    const aborted = async (): Promise<void> => {
      for await (const { step } of training) {
        model.value.write([step]);
        if (step === 4) controller.abort(new Error("enough"));
      }
    };
    await expect(aborted()).rejects.toThrow("enough");
    expect(await stepsOf(model)).toBe(restoreBest ? 1 : 4);
  }
});

it("has the best weights of all epochs if training was stopped and resumed", async () => {
  const values = [3, 1, 2, 2];
  const model = build(new Given(), [1]);
  const first = train(model, { epochs: 4, earlyStopping: { patience: 9, restoreBest: true } });
  model.value.write([values[0]!]);
  for await (const record of first) {
    if (record.kind === "epoch") model.value.write([values[record.epoch + 1]!]);
    if (record.step === 3) break;
  }
  const resume = await first.checkpoint();
  const other = build(new Given(), [1]);
  for await (const record of train(other, { epochs: 4, resume, earlyStopping: { patience: 9, restoreBest: true } }))
    if (record.kind === "epoch") other.value.write([values[record.epoch + 1] ?? 0]);
  expect(await stepsOf(other)).toBe(2);
});
