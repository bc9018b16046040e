import { reference } from "@convlens/backend-reference";
import { add, multiply, tensor, useBackend, Variable, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  apply,
  build,
  compileModel,
  Dense,
  Dropout,
  LeakyReLU,
  predict,
  ReLU,
  sequential,
  type Layer,
  type Mode,
} from "../src/index.ts";

beforeAll(() => useBackend(reference()));

const x = tensor([[1, -2, 3]]);
const weights = (value: number): Variable => new Variable([value], [], { name: "w" });

/** A model with every kind of changeable field: each number in it is a factor of its output. */
class Everything implements Layer {
  field = 1;
  text = "1";
  flag = true;
  variable = weights(1);
  layer: Layer = new LeakyReLU({ negativeSlope: 1 });
  step: (t: Tensor) => Tensor = (t) => t;
  options: { deep: { factor: number; list: number[] }; later?: number } = { deep: { factor: 1, list: [1, 1] } };
  list: (number | Layer)[] = [1, 1];
  map = new Map<string, number>([["a", 1]]);
  set = new Set<number>([1]);
  typed = Float32Array.of(1, 1);
  kept: Tensor = tensor([1]);
  absent: number | undefined = undefined;
  later?: number;

  call(input: Tensor, mode?: Mode): Tensor {
    const numbers = [
      this.field,
      Number(this.text),
      this.flag ? 1 : 5,
      this.options.deep.factor,
      ...this.options.deep.list,
      this.options.later ?? 1,
      ...this.list.filter((entry) => typeof entry === "number"),
      ...this.map.values(),
      ...this.set,
      ...this.typed,
      this.absent ?? 1,
      this.later ?? 1,
    ];
    let y = multiply(
      multiply(input, this.variable),
      multiply(
        this.kept,
        numbers.reduce((a, b) => a * b, 1),
      ),
    );
    y = apply(this.layer, this.step(y), mode);
    for (const entry of this.list) if (typeof entry !== "number") y = apply(entry, y, mode);
    return y;
  }
}

const changes: Readonly<Record<string, (m: Everything) => void>> = {
  "a number": (m) => (m.field = 2),
  "a text": (m) => (m.text = "2"),
  "a flag": (m) => (m.flag = false),
  "a variable": (m) => (m.variable = weights(2)),
  "a layer": (m) => (m.layer = new ReLU()),
  "an option of a layer": (m) =>
    ((m.layer as unknown as { options: { negativeSlope: number } }).options.negativeSlope = 0.5),
  "a function": (m) => (m.step = (t) => add(t, 1)),
  "a nested option": (m) => (m.options.deep.factor = 3),
  "an element of a nested array": (m) => (m.options.deep.list[1] = 3),
  "a longer nested array": (m) => m.options.deep.list.push(3),
  "a nested object": (m) => (m.options = { deep: { factor: 4, list: [1] } }),
  "a field added to a nested object": (m) => (m.options.later = 2),
  "an element": (m) => (m.list[0] = 3),
  "a layer pushed": (m) => m.list.push(new ReLU()),
  "an element taken away": (m) => {
    m.list[0] = 3;
    m.list.pop();
  },
  "an entry of a map": (m) => m.map.set("a", 3),
  "an entry added to a map": (m) => m.map.set("b", 3),
  "an element added to a set": (m) => m.set.add(3),
  "an element of a set replaced": (m) => {
    m.set.delete(1);
    m.set.add(2);
  },
  "a typed array's number": (m) => (m.typed[1] = 3),
  "a tensor": (m) => (m.kept = tensor([2])),
  "a field that was undefined": (m) => (m.absent = 2),
  "a field that was not there": (m) => (m.later = 2),
  "the call itself": (m) => (m.call = (input) => multiply(input, 7)),
};

describe("predict after the model has changed", () => {
  for (const [what, change] of Object.entries(changes))
    it(`uses the current model: ${what}`, async () => {
      const model = new Everything();
      const before = [...(await predict(model, x)).knownValues];
      change(model);
      const now = [...(await predict(model, x)).knownValues];
      const direct = [...(await model.call(x).data())];
      expect(now).toEqual(direct);
      expect(now).not.toEqual(before);
      expect([...(await predict(model, x)).knownValues]).toEqual(direct);
    });

  it("uses the current model after any sequence of changes, for several shapes", async () => {
    const names = Object.keys(changes);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...names, "back"), { maxLength: 8 }), async (row) => {
        const model = new Everything();
        for (const what of row) {
          if (what === "back") Object.assign(model, new Everything());
          else changes[what]!(model);
          for (const input of [x, tensor([[1, 2]])])
            expect([...(await predict(model, input)).knownValues]).toEqual([...(await model.call(input).data())]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("uses a new head, depth and dropout rate", async () => {
    const model = build(sequential([new Dense({ units: 4 }), new ReLU(), new Dense({ units: 2 })]), [3], { seed: 1 });
    expect((await predict(model, x)).shape).toEqual([1, 2]);
    const layers = model.layers as Layer[];
    layers[2] = new Dense({ units: 5 });
    expect((await predict(model, x)).shape).toEqual([1, 5]);
    layers.push(new Dense({ units: 7 }));
    expect((await predict(model, x)).shape).toEqual([1, 7]);
    layers.length = 1;
    expect((await predict(model, x)).shape).toEqual([1, 4]);
    const drop = new Dropout({ rate: 0.5 });
    const noisy = compileModel(drop, (input: Tensor) => drop.call(input, { training: true }), { seed: 1 });
    expect((await noisy(x)).knownValues).not.toEqual(x.knownValues);
    (drop as { rate: number }).rate = 0;
    expect([...(await noisy(x)).knownValues]).toEqual([1, -2, 3]);
  });

  it("records an unchanged model once for each shape", async () => {
    let recorded = 0;
    const dense = build(new Dense({ units: 2 }), [3], { seed: 1 });
    const model = compileModel(dense, (input: Tensor) => {
      recorded++;
      return dense.call(input);
    });
    for (let i = 0; i < 3; i++) {
      await model(x);
      await model(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      );
      dense.weights!.assign(add(dense.weights!, 1));
    }
    expect(recorded).toBe(2);
    expect(model.programs.size).toBe(2);
  });

  it("accepts a model with more numbers than a call has arguments", async () => {
    const list = Array.from({ length: 200_000 }, () => 1);
    const typed = new Float32Array(200_000).fill(1);
    const model = { list, typed, call: (t: Tensor): Tensor => multiply(t, list.at(-1)! * typed.at(-1)!) };
    expect([...(await predict(model, x)).knownValues]).toEqual([1, -2, 3]);
    list[199_999] = 2;
    expect([...(await predict(model, x)).knownValues]).toEqual([2, -4, 6]);
    typed[199_999] = 3;
    expect([...(await predict(model, x)).knownValues]).toEqual([6, -12, 18]);
  });

  it("accepts a model with a reference to itself", async () => {
    const model = { factor: 2, self: undefined as unknown, call: (t: Tensor): Tensor => multiply(t, model.factor) };
    model.self = model;
    expect([...(await predict(model, x)).knownValues]).toEqual([2, -4, 6]);
    model.factor = 3;
    expect([...(await predict(model, x)).knownValues]).toEqual([3, -6, 9]);
  });
});
