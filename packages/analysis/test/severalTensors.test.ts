import { UsageError, ValueError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import {
  apply,
  build,
  Conv2d,
  Dense,
  Flatten,
  predict,
  ReLU,
  restrict,
  sequential,
  variables,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { concat, evaluate, gradients, slice, sum, tensorsIn, useBackend, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { shapes as generated } from "@convlens/datasets";
import { evaluateModel, fit } from "@convlens/training";
import {
  adversarial,
  cost,
  explain,
  operationGraph,
  receptiveFields,
  recordModel,
  retain,
  tap,
  visualize,
  watchTraining,
} from "../src/index.ts";
import { some } from "./helpers.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));

interface Patient {
  readonly image: Tensor;
  readonly meta: Tensor;
}
interface Answer {
  readonly label: Tensor;
  readonly box: Tensor;
}

class Heads implements Layer<Tensor, Answer> {
  readonly label = new Dense({ units: 3 });
  readonly box = new Dense({ units: 4 });
  call(x: Tensor, mode?: Mode): Answer {
    return { label: this.label.call(x, mode), box: this.box.call(x, mode) };
  }
}

/** A record of two inputs and one of two outputs. */
class ByName implements Layer<Patient, Answer> {
  readonly tower = sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new Flatten()]);
  readonly meta = new Dense({ units: 3 });
  readonly heads = new Heads();
  call({ image, meta }: Patient, mode?: Mode): Answer {
    return apply(this.heads, concat([apply(this.tower, image, mode), this.meta.call(meta, mode)], 1), mode);
  }
}

/** One input, and a tuple of two outputs. */
const twoOutputs = () => {
  class Two implements Layer<Tensor, readonly [Tensor, Tensor]> {
    readonly first = new Conv2d({ filters: 2, kernelSize: 3 });
    readonly second = new Conv2d({ filters: 1, kernelSize: 5 });
    call(x: Tensor, mode?: Mode): readonly [Tensor, Tensor] {
      return [this.first.call(x, mode), this.second.call(x, mode)];
    }
  }
  return build(new Two(), [8, 8, 1]);
};

const shapes = { image: [5, 5, 1], meta: [4] };
const patients: Patient = { image: some([2, 5, 5, 1], 1), meta: some([2, 4], 2) };
const model = build(new ByName(), shapes, { seed: 3 });

describe("a model with several inputs and outputs", () => {
  it("is recorded with the name of each tensor", () => {
    const recorded = recordModel(model, shapes);
    expect([...recorded.inputs].map(([name, { shape }]) => `${name} ${shape.join("x")}`)).toEqual([
      "image 1x5x5x1",
      "meta 1x4",
    ]);
    expect([...recorded.outputs.keys()]).toEqual(["label", "box"]);
    expect(recorded.layers.map(({ name, type, inputs }) => `${name} ${type} ${[...inputs.keys()].join("+")}`)).toEqual([
      "tower.layers.0 Conv2d ",
      "tower.layers.1 ReLU ",
      "tower.layers.2 Flatten ",
      "tower Sequential ",
      "meta Dense ",
      "heads.label Dense ",
      "heads.box Dense ",
      "heads:label Heads ",
      "heads:box Heads ",
      ":label ByName image+meta",
      ":box ByName image+meta",
    ]);
    // Every operation belongs to exactly one layer.
    const owned = recorded.layers.flatMap(({ operations }) => operations);
    const all = recorded.tensors.filter((t) => t.operation !== undefined && t.source.kind === "operation");
    expect(new Set(owned)).toEqual(new Set(all));
    expect(owned).toHaveLength(all.length);
  });

  it("has a graph with a node for each input", () => {
    const { nodes } = operationGraph(model, shapes, "layers");
    expect(nodes.map(({ label, inputs }) => `${label} ${inputs.join("+")}`)).toMatchInlineSnapshot(`
      [
        "input image ",
        "input meta ",
        "Conv2d 0",
        "ReLU 2",
        "Flatten 3",
        "Dense 1",
        "concat 4+5",
        "Dense 6",
        "Dense 6",
      ]
    `);
  });

  it("is refused with a fix if one input or output is required", async () => {
    const way = /choose one with restrict\(model, x, \{ input, output \}\)/;
    expect(() => recordModel(model, shapes).input).toThrow(UsageError);
    expect(() => recordModel(model, shapes).output).toThrow(
      /a single output, got one with 2: \{ label: \[1, 3\], box: \[1, 4\] \}/,
    );
    expect(() => receptiveFields(model as unknown as Layer, shapes as never)).toThrow(way);
    expect(() => cost(twoOutputs() as unknown as Layer, [8, 8, 1])).toThrow(way);
    expect(() => cost(model as unknown as Layer, shapes as never)).toThrow(/restrict\(model, x, \{ input \}\)/);
    expect(() => visualize(model as unknown as Layer, shapes as never, { class: 0 })).toThrow(/restrict/);
    const two = twoOutputs() as unknown as Layer;
    const many = model as unknown as Layer;
    const x = some([2, 8, 8, 1]);
    const data = generated({ size: 8, height: 8, width: 8 });
    const refused: readonly (() => Promise<unknown>)[] = [
      () => explain(two, x, { method: "gradient" }),
      () => explain(two, x, { method: "gradient", target: 0 }),
      () => explain(two, x, { method: "gradCam", target: 0 }),
      () => explain(many, patients as never, { method: "gradient" }),
      () => tap(two)(x),
      () => tap(many)(patients as never),
      () => retain(many)(patients as never),
      () => adversarial(two, x, { labels: [0, 1], epsilon: 0.1 }),
      () => watchTraining(two, { inputs: x, targets: x }),
      () => evaluateModel(two, data),
      () => fit(two, data, { batchSize: 8 }).next(),
    ];
    for (const ask of refused) await expect((async () => ask())()).rejects.toThrow(way);
  });

  it("has receptive fields of every layer if it has one input", () => {
    expect(receptiveFields(twoOutputs(), [8, 8, 1]).map(({ name, axes }) => [name, axes[0]!.size])).toEqual([
      ["first", 3],
      ["second", 5],
      [":0", 3],
      [":1", 5],
    ]);
  });
});

describe("a model restricted to one input and output", () => {
  const label = restrict(model, patients, { input: "image", output: "label" });
  const box = restrict(model, patients, { input: "meta", output: "box" });

  it("computes the results of the model, with the same layers, paths and variables", async () => {
    const y = await predict(model, patients);
    expect((await predict(label, patients.image)).knownValues).toEqual(y.label.knownValues);
    expect((await predict(box, patients.meta)).knownValues).toEqual(y.box.knownValues);
    expect([...variables(label)]).toEqual([...variables(model)]);
    const { layers } = recordModel(label, patients.image);
    expect(layers.map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...["tower.layers.0 Conv2d", "tower.layers.1 ReLU", "tower.layers.2 Flatten", "tower Sequential", "meta Dense"],
      ...["heads.label Dense", "heads.box Dense", "heads:label Heads", "heads:box Heads", " ByName"],
    ]);
    const chain = sequential([model, new Join()]);
    const image = restrict(chain, patients, { input: "image" });
    expect(recordModel(image, patients.image).layers.map(({ path }) => path)).toContain("layers.0.tower.layers.0");
    expect((await predict(image, patients.image)).knownValues).toEqual((await predict(chain, patients)).knownValues);
  });

  it("has explanations whose gradients agree with those of the whole model", async () => {
    for (const [part, name, output] of [
      [label, "image", "label"],
      [box, "meta", "box"],
    ] as const) {
      const score = sum(slice(model.call(patients)[output], [0, 0], [2, 1]));
      const [expected] = await evaluate(gradients(score, [patients[name]])[0]);
      const { values, shape } = await explain(part, patients[name], { method: "gradient", target: 0 });
      expect(shape).toEqual(patients[name].shape);
      expect([...values]).toEqual([...expected]);
    }
    const { coarse } = await explain(label, patients.image, { method: "gradCam", layer: "tower.layers.1" });
    expect(coarse?.shape).toEqual([2, 3, 3, 1]);
    const complete = await explain(box, patients.meta, { method: "integratedGradients", target: 1 });
    for (const { gap } of complete.completeness!) expect(gap).toBeLessThan(1e-6);
  });

  it("has activations, receptive fields and costs", async () => {
    const { layers, output } = await tap(label, ["tower.layers.0", "heads:box"])(patients.image);
    expect(layers.get("tower.layers.0")?.shape).toEqual([2, 3, 3, 2]);
    expect(layers.get("heads:box")?.shape).toEqual([2, 4]);
    expect(output.shape).toEqual([2, 3]);
    const look = retain(label);
    expect((await (await look(patients.image)).read("heads.label")).shape).toEqual([2, 3]);
    look.dispose();
    const one = restrict(model, { image: some([1, 5, 5, 1]), meta: some([1, 4]) }, { input: "image", output: "label" });
    expect(receptiveFields(one, [5, 5, 1]).find(({ name }) => name === "tower.layers.1")?.axes[0]?.size).toBe(3);
    expect(cost(one, [5, 5, 1]).parameters).toBe(20 + 15 + 3 * 22 + 4 * 22);
  });

  it("must name its input and output", () => {
    expect(() => restrict(model, patients)).toThrow(ValueError);
    expect(() => restrict(model, patients, { input: "sound" })).toThrow(
      'input must be one of "image", "meta", got "sound"',
    );
    expect(() => restrict(model, patients, { input: "image" }).call(patients.image)).toThrow(
      'output must be one of "label", "box", got undefined',
    );
    expect(tensorsIn(restrict(new ReLU(), patients.meta).call(patients.meta))).toHaveLength(1);
  });
});

/** Joins both outputs. */
class Join implements Layer<Answer> {
  call({ label, box }: Answer): Tensor {
    return concat([label, box], 1);
  }
}
