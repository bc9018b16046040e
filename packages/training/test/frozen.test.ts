import fc from "fast-check";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import {
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Flatten,
  parameters,
  ReLU,
  Residual,
  sequential,
  weightsOf,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { add, mean, movingAverage, multiply, useBackend, Variable, type Tensor } from "@convlens/tensor";
import { describe, expect, it } from "vitest";
import { evaluateModel, fit, sgd, type FitOptions, type ParameterGroup } from "../src/index.ts";

const data = shapes({ size: 24, height: 6, width: 6, seed: 3 });

/** Normalisation alone, in a block, and in a custom layer. */
class Net implements Layer {
  readonly stem = sequential([new Conv2d({ filters: 3, kernelSize: 3 }), new BatchNorm(), new ReLU()]);
  readonly block = new Residual({
    body: sequential([new Conv2d({ filters: 3, kernelSize: 3, padding: "same" }), new BatchNorm()]),
  });
  readonly norm = new BatchNorm({ keep: 0.5 });
  readonly own = new Own();
  readonly head = sequential([new Flatten(), new Dense({ units: 4 })]);
  call(x: Tensor, mode?: Mode): Tensor {
    const y = this.own.call(this.norm.call(this.block.call(this.stem.call(x, mode), mode), mode), mode);
    return this.head.call(y, mode);
  }
}

/** A layer with a running statistic that does not support freezing. */
class Own implements Layer {
  readonly scale = new Variable([1], []);
  readonly level = new Variable([0], [], { trainable: false });
  call(x: Tensor, mode?: Mode): Tensor {
    if (mode?.training) this.level.assign(movingAverage(this.level, mean(x), 0.9));
    return add(multiply(x, this.scale), 0);
  }
}

const norms = ["stem.layers.1", "block.body.layers.1", "norm"];
const options = (groups: readonly ParameterGroup[]): FitOptions => ({
  batchSize: 8,
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  seed: 1,
  groups,
});

describe.each([
  ["the reference", async () => reference()],
  ["cpu", () => cpu({ threads: 1 })],
] as const)("on %s", (_, make) => {
  it("layers with only frozen parameters keep all variables to the bit, and other layers do not", async () => {
    useBackend(await make());
    const paths = [...parameters(build(new Net(), data.shapes.input)).keys()];
    await fc.assert(
      fc.asyncProperty(fc.subarray(paths, { maxLength: paths.length - 1 }), fc.nat(2), async (frozen, way) => {
        const model = build(new Net(), data.shapes.input, { seed: 4 });
        const before = await weightsOf(model);
        const match = [
          (path: string) => frozen.includes(path),
          new RegExp(`^(${["none", ...frozen].join("|").replaceAll(".", "\\.")})$`, "g"),
        ][way];
        const groups =
          match === undefined ? frozen.map((path) => ({ match: path, frozen: true })) : [{ match, frozen: true }];
        for await (const _ of fit(model, data, options(frozen.length === 0 ? [] : groups)));
        for (const [path, { values }] of await weightsOf(model)) {
          const layer = path.slice(0, path.lastIndexOf("."));
          const isFrozen = paths.includes(path)
            ? frozen.includes(path)
            : paths.filter((own) => own.startsWith(`${layer}.`)).every((own) => frozen.includes(own));
          if (isFrozen) expect(values, path).toEqual(before.get(path)!.values);
          else expect(values, path).not.toEqual(before.get(path)!.values);
        }
      }),
      { numRuns: 12 },
    );
  });

  it("frozen normalisation uses its running statistics: the loss of a step is that of a test before it", async () => {
    useBackend(await make());
    const model = build(new Net(), data.shapes.input, { seed: 4 });
    for await (const _ of fit(model, data, options([])));
    const { loss: tested } = await evaluateModel(model, data);
    const run = fit(model, data, { ...options(norms.map((match) => ({ match, frozen: true }))), batchSize: data.size });
    const { value } = await run.next();
    expect(value?.loss).toBeCloseTo(tested, 5);
    const { value: other } = await fit(model, data, { ...options([]), batchSize: data.size }).next();
    expect(Math.abs(other!.loss - tested)).toBeGreaterThan(1e-3);
  });

  it("a scale and shift that are not trainable freeze normalisation as well", async () => {
    useBackend(await make());
    const model = build(new Net(), data.shapes.input, { seed: 4 });
    for (const parameter of [model.norm.scale!, model.norm.shift!]) parameter.trainable = false;
    const before = await weightsOf(model.norm);
    for await (const _ of fit(model, data, options([])));
    expect(await weightsOf(model.norm)).toEqual(before);
  });
});
