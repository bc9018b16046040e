import fc from "fast-check";
import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import {
  BatchNorm,
  build,
  Dense,
  Flatten,
  ReLU,
  parameters,
  sequential,
  weightsOf,
  type Layer,
} from "@convlens/layers";
import {
  add,
  compile,
  evaluate,
  gradients,
  multiply,
  relu,
  square,
  subtract,
  sum,
  tensor,
  useBackend,
  Variable,
  type Tensor,
} from "@convlens/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import {
  adagrad,
  adam,
  adamW,
  crossEntropy,
  fit,
  lion,
  optimizerOf,
  rmsProp,
  sgd,
  recordStep,
  type Fit,
  type FitOptions,
  type FitRecord,
  type Optimizer,
} from "../src/index.ts";
import { all, curve } from "./records.ts";

beforeEach(() => useBackend(reference()));

const optimizers: readonly (readonly [string, () => Optimizer])[] = [
  ["sgd", () => sgd()],
  ["sgd with momentum", () => sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.1 })],
  ["adagrad", () => adagrad()],
  ["rmsProp", () => rmsProp({ weightDecay: 0.1 })],
  ["adam", () => adam()],
  ["adamW", () => adamW()],
  ["adam with amsgrad", () => adam({ amsgrad: true })],
  ["rmsProp, centred with momentum", () => rmsProp({ centered: true, momentum: 0.9 })],
  ["lion", () => lion()],
  [
    "one of a user's own rule",
    () =>
      optimizerOf({
        slots: ["total"],
        counts: true,
        next: ({ parameter, gradient, learningRate, count }, { total }) => {
          const sum = add(total, multiply(gradient, count));
          return { parameter: subtract(parameter, multiply(learningRate, sum)), total: sum };
        },
      }),
  ],
];

describe.each(optimizers)("the state of %s belongs to each variable", (_, make) => {
  it("one optimizer steps two parameter sets with equal paths, in any order, like two optimizers", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 999 }),
        async (order, seed) => {
          /** Values of both parameter sets after steps in this order. */
          const run = async ([first, second]: readonly [Optimizer, Optimizer]): Promise<unknown> => {
            const random = new Random(seed);
            const sets = [first, second].map((optimizer) => {
              const all = [2, 3].map(
                (size, i) => [`p${i}`, new Variable(random.normal(size, 0, 1), [size], { name: `p${i}` })] as const,
              );
              const step = compile((factor: Tensor) =>
                optimizer.update(
                  all.map(([path, parameter]) => ({
                    path,
                    parameter,
                    gradient: multiply(parameter, factor),
                    learningRate: 0.1,
                  })),
                ),
              );
              return { all, step };
            });
            for (const [i, isFirst] of order.entries()) await sets[isFirst ? 0 : 1]!.step(i + 1);
            return evaluate(...sets.flatMap(({ all }) => all.map(([, variable]) => variable)));
          };
          const shared = make();
          expect(await run([shared, shared])).toEqual(await run([make(), make()]));
        },
      ),
      { numRuns: 20 },
    );
  });

  it("no gradient flows through an update: a generator learns from an updated critic as if that were given", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: -2, max: 2, noNaN: true }), async (start) => {
        const optimizer = make();
        const critic = new Variable([0.7, -0.4], [2], { name: "critic" });
        const generator = new Variable([start, 0], [2], { name: "generator" });
        const step = compile((learningRate: Tensor) => {
          // The second number has the gradient 0, at which √ has no derivative.
          const made = relu(generator);
          const [gradient] = gradients(sum(square(multiply(critic, made))), [critic]);
          optimizer.update([{ path: "critic", parameter: critic, gradient: gradient, learningRate }]);
          const [slope] = gradients(sum(multiply(critic, generator)), [generator]);
          return { slope: slope, critic: critic.current };
        });
        const { slope, critic: after } = await step(0.1);
        expect(slope.knownValues).toEqual(after.knownValues);
      }),
      { numRuns: 20 },
    );
  });
});

it("no gradient flows through running statistics", async () => {
  const norm = new BatchNorm();
  const x = tensor([1, 2, 5, 7], [4, 1]);
  build(norm, [1]);
  const slopes = compile((inputs: Tensor) => {
    norm.call(multiply(inputs, 3), { training: true });
    // Outside of training the layer is linear: (x − mean) / √(variance + ε).
    const [slope] = gradients(sum(norm.call(inputs)), [inputs]);
    return [slope, norm.variance!.current];
  });
  const [slope, variance] = await slopes(x);
  for (const value of slope.knownValues) expect(value).toBeCloseTo(1 / Math.sqrt(variance.knownValues[0]! + 1e-5), 6);
});

const data = shapes({ size: 48, height: 6, width: 6, seed: 3 });
const net = (): Layer => sequential([new Flatten(), new Dense({ units: 6 }), new ReLU(), new Dense({ units: 4 })]);

const curveOf = async (records: AsyncIterable<FitRecord>): Promise<unknown[]> => curve(await all(records));

describe("runs of one optimizer", () => {
  const options = (optimizer: Optimizer): FitOptions => ({ epochs: 2, batchSize: 16, optimizer, seed: 5 });

  it.each(optimizers)("%s: a second run equals the first, also in parallel", async (_, make) => {
    const optimizer = make();
    const first = await curveOf(fit(net(), data, options(optimizer)));
    expect(await curveOf(fit(net(), data, options(optimizer)))).toEqual(first);
    const [one, two] = [net(), net()].map((model) => fit(model, data, options(optimizer)));
    const beside: [unknown[], unknown[]] = [[], []];
    for (let i = 0; i < first.length; i++)
      for (const [k, run] of [one!, two!].entries()) {
        const { value } = await run.next();
        beside[k]!.push({ ...(value as FitRecord), examplesPerSecond: 0 });
      }
    expect(beside).toEqual([first, first]);
  });

  it("begin on one model without the state of the run before", async () => {
    const [one, two] = [build(net(), data.shapes.input), build(net(), data.shapes.input)];
    const optimizer = adam();
    const runs = async (model: Layer, next: () => Optimizer): Promise<unknown> => [
      await curveOf(fit(model, data, options(next()))),
      await curveOf(fit(model, data, options(next()))),
    ];
    expect(await runs(one, () => optimizer)).toEqual(await runs(two, adam));
    expect(await weightsOf(one)).toEqual(await weightsOf(two));
  });

  it.each([
    ["the reference", async () => reference()],
    ["cpu", () => cpu({ threads: 1 })],
  ] as const)("return their memory to %s when they end: by completion, by break, by an error", async (_, make) => {
    const backend = await make();
    useBackend(backend);
    const model = build(net(), data.shapes.input);
    await weightsOf(model);
    const ends: readonly ((training: Fit) => Promise<unknown>)[] = [
      all,
      async (training) => {
        for await (const _ of training) break;
      },
      (training) => all(training).catch(() => undefined),
    ];
    const held: number[] = [];
    for (let round = 0; round < 3; round++)
      for (const [i, end] of ends.entries()) {
        const controller = new AbortController();
        const training = fit(model, data, { ...options(adam()), signal: controller.signal });
        if (i === 2) controller.abort(new Error("enough"));
        await end(training);
        // What is disposed is freed in the backend's queue, within this turn of the event loop.
        await new Promise((resolve) => setTimeout(resolve));
        held.push(backend.memory());
      }
    const parameterBytes = 4 * [...parameters(model).values()].reduce((total, { size }) => total + size, 0);
    expect(Math.max(...held) - held[0]!).toBeLessThan(parameterBytes);
    expect(held.at(-1)).toBe(held[held.length - ends.length - 1]);
  });

  it("can be saved after their end as just before it", async () => {
    const training = fit(net(), data, options(adam()));
    for (let i = 0; i < 8; i++) await training.next();
    const before = await training.checkpoint();
    await training.next();
    expect(await training.checkpoint()).toEqual(before);
  });

  it("keep no state for frozen parameters", async () => {
    const training = fit(net(), data, { ...options(adam()), groups: [{ match: "layers.1", frozen: true }] });
    await training.next();
    const { optimizer } = await training.checkpoint();
    expect(optimizer.has("first.layers.3.weights")).toBe(true);
    expect(optimizer.has("first.layers.1.weights")).toBe(false);
  });
});

it("train two nets with equal paths by one adam() and recordStep like two would", async () => {
  const inputs = tensor(new Random(1).normal(4 * 36, 0, 1), [4, 6, 6, 1]);
  const train = async (next: () => Optimizer): Promise<number[]> => {
    const steps = [0, 1].map((seed) => {
      const model = build(net(), data.shapes.input, { seed });
      const [optimizer, learning] = [next(), [...parameters(model)].map(([path, parameter]) => ({ path, parameter }))];
      return compile((labels: Tensor) => {
        const rated = learning.map((each) => ({ ...each, learningRate: 0.03 }));
        const plan = { loss: crossEntropy, optimizer, learning: rated, diagnostics: false };
        return recordStep(model, { inputs, targets: labels }, plan).results.loss;
      });
    });
    const losses: number[] = [];
    for (let i = 0; i < 10; i++) for (const step of steps) losses.push((await step(tensor([0, 1, 2, 3]))).knownValue);
    return losses;
  };
  const shared = adam();
  expect(await train(() => shared)).toEqual(await train(adam));
});

describe("Adam in float32 is as close to its definition as float32 allows, also with β near 1", () => {
  const backends = [
    ["the reference", async () => reference()],
    ["cpu", () => cpu({ threads: 1 })],
  ] as const;
  it.each(backends)("on %s", async (_, make) => {
    useBackend(await make());
    for (const [beta1, beta2] of [
      [0.9, 0.999],
      [0.9, 1 - 1e-7],
      [1 - 1e-6, 1 - 1e-7],
      [0, 0],
      [0.5, 1 - 2 ** -24],
    ] as const) {
      const optimizer = adam({ beta1, beta2 });
      const parameter = new Variable([0], [1]);
      const step = compile((gradient: Tensor) => {
        optimizer.update([{ path: "p", parameter, gradient, learningRate: 1 }]);
        return parameter.current;
      });
      // Kingma 2015, algorithm 1, in float64, with the corrections as PyTorch computes them: 1 − βᵗ.
      let [first, second, expected] = [0, 0, 0];
      for (let t = 1; t <= 40; t++) {
        const gradient = Math.fround(1 + Math.sin(t) / 2);
        first = beta1 * first + (1 - beta1) * gradient;
        second = beta2 * second + (1 - beta2) * gradient * gradient;
        const corrections = [beta1, beta2].map((beta) => (beta === 0 ? 1 : -Math.expm1(t * Math.log1p(beta - 1))));
        expected -= first / corrections[0]! / (Math.sqrt(second / corrections[1]!) + 1e-8);
        const { knownValues: values } = await step(tensor([gradient]));
        expect(Math.abs(values[0]! / expected - 1), `β₁ ${beta1}, β₂ ${beta2}, step ${t}`).toBeLessThan(2e-6);
      }
    }
  });
});
