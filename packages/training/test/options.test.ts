import fc from "fast-check";
import { ConvlensError, ShapeError, ValueError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { classification, map, shapes, take, type Classification } from "@convlens/datasets";
import { build, Dense, Flatten, parameters, sequential, weightsOf, type Layer, type Mode } from "@convlens/layers";
import {
  add,
  gather,
  mean,
  multiply,
  oneHot,
  programOf,
  reshape,
  square,
  subtract,
  sum,
  useBackend,
  Variable,
  zeros,
  type Tensor,
} from "@convlens/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import {
  adagrad,
  adam,
  adamW,
  cosineDecay,
  crossEntropy,
  evaluateModel,
  exponentialDecay,
  fit,
  hinge,
  lion,
  huber,
  meanSquaredError,
  onPlateau,
  oneCycle,
  learningParameters,
  recordStep,
  rmsProp,
  sgd,
  stepDecay,
  Trainer,
  warmUp,
  type FitOptions,
  type Loss,
} from "../src/index.ts";

beforeEach(() => useBackend(reference()));

const data = shapes({ size: 32, height: 6, width: 6, seed: 3 });
const net = (units = 4): Layer => build(sequential([new Flatten(), new Dense({ units })]), data.shapes.input);

type Options = Readonly<Record<string, unknown>>;
/** Invalid rates, limits and shares. */
const bad = { negative: [-1, -1e-9, NaN, -Infinity, Infinity, "1", null], fraction: [1, 1.5, -0.1, NaN, "0.5", null] };
const notWhole = [0, -1, NaN, 1.5, Infinity, "3", null];

const trainerOptions = { loss: crossEntropy, optimizer: adam(), diagnostics: false, seed: 1 };

/** Functions with options, their required options, and wrong values of each. */
const takers: Readonly<
  Record<
    string,
    readonly [(options: Options) => unknown, required: Options, wrong: Readonly<Record<string, readonly unknown[]>>]
  >
> = {
  sgd: [
    (o) => sgd(o),
    {},
    { learningRate: bad.negative, momentum: bad.fraction, nesterov: [1, "yes", true], weightDecay: bad.negative },
  ],
  adagrad: [
    (o) => adagrad(o),
    {},
    {
      learningRate: bad.negative,
      epsilon: bad.negative,
      weightDecay: bad.negative,
      decay: bad.negative,
      initial: bad.negative,
    },
  ],
  rmsProp: [
    (o) => rmsProp(o),
    {},
    {
      learningRate: bad.negative,
      keep: bad.fraction,
      epsilon: bad.negative,
      weightDecay: bad.negative,
      momentum: bad.fraction,
      centered: [1, "yes"],
    },
  ],
  adam: [
    (o) => adam(o),
    {},
    {
      learningRate: bad.negative,
      beta1: bad.fraction,
      beta2: bad.fraction,
      epsilon: bad.negative,
      weightDecay: bad.negative,
      amsgrad: [1, "yes"],
    },
  ],
  adamW: [
    (o) => adamW(o),
    {},
    {
      learningRate: bad.negative,
      beta1: bad.fraction,
      beta2: bad.fraction,
      epsilon: bad.negative,
      weightDecay: bad.negative,
      amsgrad: [1, "yes"],
    },
  ],
  lion: [
    (o) => lion(o),
    {},
    { learningRate: bad.negative, beta1: bad.fraction, beta2: bad.fraction, weightDecay: bad.negative },
  ],
  stepDecay: [
    (o) => stepDecay(1, o as never),
    { epochs: 2 },
    { epochs: [...notWhole, undefined], factor: [0, ...bad.negative] },
  ],
  exponentialDecay: [
    (o) => exponentialDecay(1, o as never),
    { factor: 0.5 },
    { factor: [0, ...bad.negative, undefined] },
  ],
  cosineDecay: [(o) => cosineDecay(1, o), {}, { end: bad.negative }],
  oneCycle: [(o) => oneCycle(1, o), {}, { warm: [-0.1, 1.1, NaN], start: bad.negative, end: bad.negative }],
  onPlateau: [
    (o) => onPlateau(1, o),
    {},
    { patience: [-1, 0.5, NaN, "1"], factor: [0, 1, 2, ...bad.negative], minimumDelta: bad.negative },
  ],
  crossEntropy: [(o) => crossEntropy(zeros([1, 2]), zeros([1]), o), {}, { smoothing: bad.fraction }],
  huber: [(o) => huber(zeros([2]), zeros([2]), o), {}, { delta: [0, ...bad.negative] }],
  hinge: [(o) => hinge(zeros([1, 2]), zeros([1]), o), {}, { margin: bad.negative }],
  "fit: clip": [(clip) => fit(net(), data, { clip }), {}, { value: [0, ...bad.negative], norm: [0, ...bad.negative] }],
  "fit: earlyStopping": [
    (earlyStopping) => fit(net(), data, { earlyStopping: earlyStopping as never }),
    { patience: 1 },
    { patience: [-1, 0.5, NaN, "1", undefined], minimumDelta: bad.negative, restoreBest: [1, "yes"] },
  ],
  "groups[0]": [
    (group) => fit(net(), data, { groups: [group as never] }),
    { match: "layers.1.bias" },
    { match: [undefined, 1, null, ["layers.1"]], learningRate: bad.negative, frozen: [1, "yes"] },
  ],
  Trainer: [
    (o) => new Trainer(net(), o as never),
    trainerOptions,
    {
      loss: ["crossEntropy", null],
      optimizer: [adam, {}, null],
      metrics: [null, "accuracy", { accuracy: 1 }, { accuracy: crossEntropy }],
      groups: [{}, null, "layers.0"],
      accumulate: notWhole,
      ema: [0, 1.1, ...bad.negative],
      clip: [1, null],
      diagnostics: [0, "yes"],
      unused: ["ones", true],
      seed: [-1, 0.5, NaN, "x"],
    },
  ],
  fit: [
    (o) => fit(net(), data, o),
    {},
    {
      epochs: notWhole,
      batchSize: notWhole,
      optimizer: [adam, "adam", {}, null],
      loss: ["crossEntropy", null],
      seed: [-1, 0.5, NaN, 2 ** 32, "x"],
      augment: [{}, null],
      validation: [null, [], "data", 0, 1, 1.5, -0.2, NaN],
      metrics: [null, "accuracy", { accuracy: 1 }],
      accumulate: notWhole,
      ema: [0, 1.1, ...bad.negative],
      shuffle: [1, "yes", null],
      stepsPerEpoch: notWhole,
      prefetch: [-1, 65, 0.5, NaN, "1"],
      checkpoints: [true, null, {}],
      clip: [1, null],
      groups: [{}, null, "layers.0"],
      earlyStopping: [true, 3, null],
      signal: [true, null],
      resume: ["file", null],
      diagnostics: [0, "yes"],
      onNaN: ["stop", true],
    },
  ],
};

describe.each(Object.entries(takers))("%s", (owner, [take, required, wrong]) => {
  it("accepts its options, refuses others and names the nearest", () => {
    expect(() => take(required)).not.toThrow();
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(wrong)),
        fc.nat(),
        fc.constantFrom("x", "s", ""),
        (name, at, letter) => {
          const cut = at % name.length;
          const typo = name.slice(0, cut) + letter + name.slice(cut + 1);
          fc.pre(!(typo in wrong));
          expect(() => take({ ...required, [typo]: 1 })).toThrow(ValueError);
          expect(() => take({ ...required, [typo]: 1 })).toThrow(`${owner}: unknown option "${typo}"; did you mean "`);
        },
      ),
      { numRuns: 20 },
    );
    expect(() => take({ ...required, temperature: 1 })).toThrow('unknown option "temperature"');
    if (Object.keys(required).length === 0)
      for (const other of [7, null, []]) expect(() => take(other as never)).toThrow(ConvlensError);
  });

  it.each(Object.entries(wrong))("refuses wrong values of %s, in a sentence with the name", (name, values) => {
    for (const value of values) {
      expect(() => take({ ...required, [name]: value }), `${value}`).toThrow(ValueError);
      expect(() => take({ ...required, [name]: value })).toThrow(new RegExp(`^.*(${name}|momentum).* (must be|needs)`));
    }
  });
});

it.each([
  ["stepDecay", (rate: number) => stepDecay(rate, { epochs: 1 })],
  ["exponentialDecay", (rate: number) => exponentialDecay(rate, { factor: 0.5 })],
  ["cosineDecay", (rate: number) => cosineDecay(rate)],
  ["oneCycle", (rate: number) => oneCycle(rate)],
  ["onPlateau", (rate: number) => onPlateau(rate)],
  ["warmUp", (rate: number) => warmUp(3, rate)],
])("%s refuses learning rates that are negative or not numbers", (_, schedule) => {
  for (const rate of bad.negative) expect(() => schedule(rate as number)).toThrow(ValueError);
  expect(() => schedule(0)).not.toThrow();
});

it("warmUp refuses invalid numbers of steps", () => {
  for (const steps of notWhole) expect(() => warmUp(steps as number, 1)).toThrow(ValueError);
});

it("learningParameters refuses values that are not groups", () => {
  const all = new Map([["weights", new Variable([1], [1])]]);
  expect(() => learningParameters(all, [{ match: "weights", decay: 1 } as never], 1)).toThrow('unknown option "decay"');
  expect(() => learningParameters(all, [{ match: "weights", learningRate: -1 }], 1)).toThrow(
    "groups[0]: learningRate must be a number of at least 0",
  );
});

it("a step refuses limits that are unknown or wrong when it is recorded", () => {
  const model = net();
  const learning = [...parameters(model)].map(([path, parameter]) => ({ path, parameter }));
  const batch = { inputs: zeros([1, 6, 6, 1]), targets: zeros([1]) };
  for (const clip of [{ norms: 1 }, { norm: 0 }, { value: -1 }, { value: NaN }, null, 1]) {
    expect(() => new Trainer(model, { ...trainerOptions, clip: clip as never })).toThrow(/^Trainer: /);
    expect(() =>
      programOf(() => recordStep(model, batch, { ...trainerOptions, learning, clip: clip as never }).results.loss, []),
    ).toThrow(/^clip: /);
  }
});

it("evaluateModel refuses unknown options and wrong values", async () => {
  for (const options of [
    { batch: 3 },
    { batchSize: 0 },
    { batchSize: 1.5 },
    { loss: "hinge" },
    { metrics: { mae: 1 } },
  ])
    await expect(evaluateModel(net(), data, options as never)).rejects.toThrow(ValueError);
});

it("values that are not models and values that are not data sets are refused", async () => {
  for (const [model, set] of [
    [undefined, data],
    [{}, data],
    [Dense, data],
    [net(), undefined],
    [net(), [1, 2]],
    [net(), { size: 3 }],
  ] as unknown as [Layer, Classification][]) {
    expect(() => fit(model, set)).toThrow(/^fit: the (model|data) must be/);
    await expect(evaluateModel(model, set)).rejects.toThrow(/^evaluateModel: the (model|data) must be/);
  }
});

/** Error of fit, which must not have changed the model. */
async function refused(
  options: FitOptions,
  { units = 4, of = data }: { units?: number; of?: Classification } = {},
): Promise<Error> {
  const model = net(units);
  const before = await weightsOf(model);
  let error: unknown;
  try {
    await fit(model, of, { batchSize: 8, ...options }).next();
  } catch (caught) {
    error = caught;
  }
  expect(await weightsOf(model)).toEqual(before);
  expect(error).toBeInstanceOf(ConvlensError);
  return error as Error;
}

describe("before the weights change, fit", () => {
  it("refuses a loss that is not a scalar", async () => {
    for (const loss of [
      (outputs) => outputs,
      (outputs, targets) => square(subtract(sum(outputs, -1), targets)),
      (outputs) => reshape(mean(outputs), [1]),
    ] as Loss[])
      expect(await refused({ loss })).toMatchObject({
        constructor: ShapeError,
        message: expect.stringMatching(/^loss: expected a scalar tensor, such as mean\(…\) over the batch, got \[/),
      });
    expect((await refused({ loss: () => 1 as never })).message).toMatch(
      "loss: expected a scalar tensor, such as mean(…) over the batch, got 1",
    );
    await expect(evaluateModel(net(), data, { loss: (outputs) => outputs })).rejects.toThrow("expected a scalar");
  });

  it("validation data of another shape, or with labels beyond the outputs", async () => {
    const other = shapes({ size: 8, height: 6, width: 7 });
    expect((await refused({ validation: other })).message).toBe(
      "fit: the inputs of the validation data must be of shape [6, 6, 1] like those of the data, got [6, 7, 1]",
    );
    const labelled = { ...take(data, 8), labels: new Uint8Array(8).fill(4) };
    expect((await refused({ validation: labelled })).message).toMatch(
      "fit: the validation data: a label must be from 0 to 3, since the model has 4 outputs, got 4",
    );
  });

  it("refuses labels beyond the outputs, with any loss that uses them as classes", async () => {
    const classified: Readonly<Record<string, Loss>> = {
      crossEntropy,
      hinge,
      smoothed: (outputs, targets) => crossEntropy(outputs, targets, { smoothing: 0.1 }),
      summed: (outputs, targets) => add(hinge(outputs, targets), multiply(crossEntropy(outputs, targets), 2)),
      "mean squared error of one-hot rows": (outputs, targets) =>
        meanSquaredError(outputs, oneHot(targets, outputs.shape[1]!)),
      "gathered weights": (outputs, targets) =>
        mean(multiply(gather(zeros([outputs.shape[1]!]), targets), sum(outputs, -1))),
    };
    for (const [name, loss] of Object.entries(classified)) {
      for (const units of [1, 3])
        expect((await refused({ loss }, { units })).message, name).toBe(
          `fit: the data: a label must be from 0 to ${units - 1}, since the model has ${units} outputs, got 3; give its last layer 4 units`,
        );
      await expect(evaluateModel(net(3), data, { loss }), name).rejects.toThrow(
        "a label must be from 0 to 2, since the model has 3 outputs, got 3",
      );
      for (const units of [4, 5]) expect(() => fit(net(units), data, { loss })).not.toThrow();
    }
    const minusOne = map(data, ({ input, target }) => ({
      input,
      target: { ...target, values: Int32Array.of(target.values[0]! - 1) },
    }));
    const negative = { ...minusOne, classes: data.classes, labels: Int32Array.from(data.labels, (label) => label - 1) };
    expect((await refused({}, { of: negative })).message).toMatch(
      "fit: the data: a label must be from 0 to 3, since the model has 4 outputs, got -1",
    );
    await expect(evaluateModel(net(), negative)).rejects.toThrow(
      "evaluateModel: the data: a label must be from 0 to 3, since the model has 4 outputs, got -1",
    );
    // A regression uses labels as numbers.
    const regression: Loss = (outputs, targets) => meanSquaredError(outputs, reshape(targets, outputs.shape));
    for (const numbers of [data, negative]) expect(() => fit(net(1), numbers, { loss: regression })).not.toThrow();
    await expect(evaluateModel(net(1), data, { loss: regression })).resolves.toBeDefined();
  });

  it("refuses groups that freeze everything, and models without parameters", async () => {
    for (const groups of [[{ match: /./, frozen: true }], [{ match: "layers", frozen: true }]])
      expect((await refused({ groups })).message).toBe(
        "fit: all 2 parameters are frozen, so nothing would learn; freeze fewer in groups",
      );
    const inputs = { values: new Float32Array(64), shape: [32, 2] };
    const two = classification({ inputs, labels: data.labels.map((x) => x % 2) });
    expect(() => fit(sequential([new Flatten()]), two)).toThrow("fit: the model has no parameters");
  });

  it("refuses a schedule without a learning rate, and an augmentation without an example", async () => {
    for (const rate of [-1, NaN, Infinity, undefined, "1"])
      expect((await refused({ optimizer: adam({ learningRate: () => rate as number }) })).message).toMatch(
        "fit: step 1: the learning rate that the schedule gives must be a number of at least 0",
      );
    for (const augment of [() => new Float32Array(3), async () => new Float32Array(36), () => undefined])
      expect((await refused({ augment: augment as never })).message).toMatch(
        "augment: expected a Float32Array of 36 numbers",
      );
  });

  it("accepts a loss that reads what the model records only in training", async () => {
    class Auxiliary implements Layer {
      readonly stem = sequential([new Flatten(), new Dense({ units: 8 })]);
      readonly head = new Dense({ units: 4 });
      readonly side = new Dense({ units: 4 });
      extra: Tensor | undefined;
      call(x: Tensor, mode?: Mode): Tensor {
        const y = this.stem.call(x, mode);
        this.extra = mode?.training ? this.side.call(y, mode) : undefined;
        return this.head.call(y, mode);
      }
    }
    const model = new Auxiliary();
    const loss: Loss = (outputs, targets) => add(crossEntropy(outputs, targets), crossEntropy(model.extra!, targets));
    expect((await fit(model, data, { batchSize: 16, loss }).next()).value?.loss).toBeGreaterThan(0);
    expect([...parameters(model).keys()]).toContain("side.weights");
    // A test calls the model as it is used.
    expect(() => fit(model, data, { batchSize: 16, loss, validation: data })).toThrow();
  });

  it("assigns no variables when it checks a loss that assigns some", async () => {
    const calls = new Variable([0], []);
    const loss: Loss = (outputs, targets) => {
      calls.assign(add(calls, 1));
      return crossEntropy(outputs, targets);
    };
    const training = fit(net(), data, { batchSize: 16, loss });
    expect(await calls.item()).toBe(0);
    for await (const _ of training);
    expect(await calls.item()).toBe(2);
  });
});
