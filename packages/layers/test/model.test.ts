import { UsageError, ValueError } from "@convlens/backend";
import { add, multiply, relu, Variable, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  activations,
  apply,
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePool,
  layersOf,
  MaxPool2d,
  onesInitializer,
  Parallel,
  parameter,
  parameters,
  predict,
  ReLU,
  Residual,
  sequential,
  Sequential,
  summary,
  variables,
  type Layer,
  type Mode,
} from "../src/index.ts";
import { some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

/** A layer that depends only on the interface of this package. */
class Scale implements Layer {
  factor: Variable | undefined;
  call(x: Tensor): Tensor {
    this.factor ??= parameter("factor", x.shape.slice(-1), onesInitializer);
    return multiply(x, this.factor);
  }
}

/** A custom model: fields of all kinds, one layer used twice. */
class Own implements Layer {
  last: Tensor | undefined;
  readonly stem = new Conv2d({ filters: 4, kernelSize: 3, padding: "same" });
  readonly heads = new Map<string, Layer>([["digit", new Dense({ units: 10 })]]);
  readonly blocks = [new Conv2d({ filters: 4, kernelSize: 1 }), { scale: new Scale() }] as const;
  readonly again = this.stem;
  readonly temperature = new Variable([2], []);

  call(x: Tensor, mode?: Mode): Tensor {
    const [mix, { scale }] = this.blocks;
    const maps = apply(scale, mix.call(relu(this.stem.call(x, mode)), mode), mode);
    this.last = new GlobalAveragePool().call(maps, mode);
    return multiply(this.heads.get("digit")!.call(this.last, mode), this.temperature);
  }
}

describe("a model is a tree of plain objects", () => {
  it("with variables that are named by their paths", () => {
    const model = build(
      new Sequential([
        new Conv2d({ filters: 4, kernelSize: 3 }),
        new BatchNorm(),
        new Residual({ body: sequential([new Conv2d({ filters: 4, kernelSize: 1, bias: false })]) }),
        new Parallel([new ReLU(), new Conv2d({ filters: 2, kernelSize: 1 })]),
        new Flatten(),
        new Dense({ units: 10 }),
      ]),
      [6, 6, 1],
    );
    const paths = [
      "layers.0.filters",
      "layers.0.bias",
      "layers.1.scale",
      "layers.1.shift",
      "layers.1.mean",
      "layers.1.variance",
      "layers.2.body.layers.0.filters",
      "layers.3.branches.1.filters",
      "layers.3.branches.1.bias",
      "layers.5.weights",
      "layers.5.bias",
    ];
    expect([...variables(model).keys()]).toEqual(paths);
    expect([...parameters(model).keys()]).toEqual(paths.filter((path) => !/mean|variance/.test(path)));
    for (const [path, variable] of variables(model)) expect(variable.name).toBe(path);
  });

  it("also as a custom class: fields, arrays, maps and objects, each found once, without tensors", () => {
    const model = build(new Own(), [6, 6, 1]);
    expect(model.last?.inputs.length).toBeGreaterThan(0);
    expect([...variables(model).keys()]).toEqual([
      "stem.filters",
      "stem.bias",
      "heads.digit.weights",
      "heads.digit.bias",
      "blocks.0.filters",
      "blocks.0.bias",
      "blocks.1.scale.factor",
      "temperature",
    ]);
    expect([...layersOf(model).keys()]).toEqual(["", "stem", "heads.digit", "blocks.0", "blocks.1.scale"]);
  });

  it("in which objects may refer to each other", () => {
    const child: { parent?: object; weights: Variable } = { weights: new Variable([1], []) };
    const model = { child };
    child.parent = model;
    expect([...variables(model).keys()]).toEqual(["child.weights"]);
  });

  it("with counts and predictions like any other", async () => {
    const model = new Own();
    const counted = summary(model, [6, 6, 1]);
    expect(counted.parameters).toBe(40 + 50 + 20 + 4 + 1);
    // 6·6 places, 9 taps, 4 filters; 6·6 places, 4·4; 4·10
    expect(counted.multiplyAdds).toBe(1296 + 576 + 40);
    const x = some([2, 6, 6, 1]);
    expect((await predict(model, x)).knownValues).toEqual((await model.call(x).data()).slice());
  });
});

it("that predict compiles once for each shape, and reads with its current weights", async () => {
  let calls = 0;
  const own = new Scale();
  const model: Layer = { call: (x) => (calls++, own.call(x)) };
  const [x, wider] = [some([2, 3]), some([5, 3])];
  expect((await predict(model, x)).knownValues).toEqual(await x.data());
  own.factor!.write([2, 2, 2]);
  expect((await predict(model, x)).knownValues).toEqual((await x.data()).map((v) => 2 * v));
  expect(calls).toBe(1);
  expect((await predict(model, wider)).shape).toEqual([5, 3]);
  expect(calls).toBe(2);
});

describe("watchers", () => {
  const model = new Sequential([
    new Conv2d({ filters: 2, kernelSize: 3 }),
    new Residual({ body: new ReLU() }),
    new Scale(),
    { call: (x) => add(x, 1) },
  ]);

  it("receive the outputs of all layers in order, with paths, also of custom classes, each once", () => {
    const seen: string[] = [];
    const x = some([1, 5, 5, 1]);
    const y = apply(model, x, {
      watch: (path, layer, output) =>
        void seen.push(`${path} ${layer.constructor.name} ${(output as Tensor).shape.join("x")}`),
    });
    expect(y.shape).toEqual([1, 3, 3, 2]);
    expect(seen).toEqual([
      "layers.0 Conv2d 1x3x3x2",
      "layers.1.body ReLU 1x3x3x2",
      "layers.1 Residual 1x3x3x2",
      "layers.2 Scale 1x3x3x2",
      "layers.3 Object 1x3x3x2",
      " Sequential 1x3x3x2",
    ]);
  });

  it("collect the values in activations", async () => {
    const x = some([2, 5, 5, 1]);
    const taps = await activations(model, x);
    expect(taps.map(({ path }) => path)).toEqual(["layers.0", "layers.1.body", "layers.1", "layers.2", "layers.3", ""]);
    const [conv, positive, both] = taps;
    expect(Array.from(positive!.values)).toEqual(Array.from(conv!.values, (v) => Math.max(v, 0)));
    expect(Array.from(both!.values)).toEqual(Array.from(conv!.values, (v) => v + Math.max(v, 0)));
    expect(Array.from(taps.at(-1)!.values)).toEqual([...(await predict(model, x)).knownValues]);
  });
});

describe("errors name the path, the expectation, the received value and a fix", () => {
  const message = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("no error was thrown");
  };
  const x = some([2, 8, 8, 1]);

  it("for wrong channels, sizes, windows and ranks", () => {
    const net = build(
      new Sequential([
        new Conv2d({ filters: 4, kernelSize: 3 }),
        new Residual({ body: sequential([new Conv2d({ filters: 4, kernelSize: 1 })]) }),
        new MaxPool2d({ kernelSize: 2, geometry: "strict" }),
        new Flatten(),
        new Dense({ units: 10 }),
      ]),
      [8, 8, 1],
    );
    expect(message(() => net.call(some([2, 8, 8, 3])))).toMatchInlineSnapshot(
      `"layers.0 (Conv2d): conv2d: expected 1 input channel (filters [height 3, width 3, channels 1, filters 4]), got 3 in [batch 2, height 8, width 8, channels 3]"`,
    );
    expect(message(() => net.call(some([8, 8, 1])))).toMatchInlineSnapshot(
      `"layers.0 (Conv2d): conv2d: expected an input [batch, height, width, channels], got [8, 8, 1]; add a batch axis to one example: reshape(x, [1, 8, 8, 1])"`,
    );
    expect(message(() => net.call(some([2, 2, 8, 1])))).toMatchInlineSnapshot(
      `"layers.0 (Conv2d): conv2d: the window does not fit: the input (height) must be at least 3, got 2; use a smaller window, a larger input, or padding of 1 in total"`,
    );
    expect(message(() => net.call(some([2, 9, 9, 1])))).toMatchInlineSnapshot(
      `"layers.2 (MaxPool2d): maxPool2d: the stride does not fit the height: expected (7 + 0 padding − 2 window) / 2 + 1 to be a whole number of positions, got 3.5; use an input height of 6 or 8, or 1 more padding in total (now 0 before, 0 after), or a stride of 1, or geometry: "floor", which drops the last 1"`,
    );
    expect(message(() => net.call(some([2, 10, 10, 1])))).toMatchInlineSnapshot(
      `"layers.4 (Dense): dense: expected [batch, inputs 36], got [2, 64]; a layer keeps the input size of its first call: make a new layer, or give examples of that size"`,
    );
  });

  it("for layers that do not fit together", () => {
    const grow = new Conv2d({ filters: 4, kernelSize: 3 });
    expect(message(() => sequential([new Residual({ body: grow })]).call(x))).toMatchInlineSnapshot(
      `"layers.0 (Residual): residual: the output of the shortcut must be [2, 6, 6, 4], like that of the body, got [2, 8, 8, 1]; give a shortcut that ends in the same shape, such as a Conv2d of kernelSize 1"`,
    );
    expect(message(() => sequential([new Parallel([new ReLU(), grow])]).call(x))).toMatchInlineSnapshot(
      `"layers.0 (Parallel): parallel: the output of branches.1 must be equal to [2, 8, 8, 1], that of branches.0, in all axes but the channels, got [2, 6, 6, 4]; keep sizes with padding: "same""`,
    );
    expect(message(() => sequential([new Dense({ units: 10 })]).call(x))).toMatchInlineSnapshot(
      `"layers.0 (Dense): dense: expected [batch, inputs], got [2, 8, 8, 1]; put a Flatten before it"`,
    );
    expect(message(() => sequential([new Dense({ units: 10 })]).call(some([8])))).toMatchInlineSnapshot(
      `"layers.0 (Dense): dense: expected [batch, inputs], got [8]; one example needs a batch axis of 1: reshape(x, [1, 8])"`,
    );
    expect(message(() => sequential([new GlobalAveragePool()]).call(some([2, 8])))).toMatchInlineSnapshot(
      `"layers.0 (GlobalAveragePool): expected maps [batch, height, width, channels] or [batch, length, channels], got [2, 8]"`,
    );
    const norm = new BatchNorm();
    norm.call(some([2, 4]));
    // Broadcasting would repeat the one channel four times.
    expect(message(() => sequential([norm]).call(x))).toMatchInlineSnapshot(
      `"layers.0 (BatchNorm): normalize: the normalised axes must be [4], as at the first call, got [1] in [2, 8, 8, 1]"`,
    );
  });

  it("with the path once, in deep models", () => {
    const net = sequential([new Residual({ body: sequential([new ReLU(), new Parallel([new Dense({ units: 1 })])]) })]);
    const path = "layers.0.body.layers.1.branches.0 (Dense): ";
    expect(message(() => net.call(x)).startsWith(`${path}dense: expected`)).toBe(true);
    expect(message(() => sequential([net]).call(x)).startsWith(`layers.0.${path}`)).toBe(true);
  });

  it("for wrong options and values that are not layers", () => {
    const no = <T>(value: unknown): T => value as T;
    expect(message(() => new Conv2d({ filters: 0, kernelSize: 3 }))).toMatchInlineSnapshot(
      `"Conv2d: filters must be a whole number of at least 1, got 0"`,
    );
    expect(message(() => new Conv2d(no(8)))).toMatchInlineSnapshot(
      `"Conv2d: expected an object of options { filters, kernelSize, stride, padding, dilation, geometry, bias, initializer, biasInitializer, groups, inChannels }, got 8"`,
    );
    expect(message(() => new Dense({ units: 2.5 }))).toMatchInlineSnapshot(
      `"Dense: units must be a whole number of at least 1, got 2.5"`,
    );
    expect(message(() => sequential([no(relu)]))).toMatchInlineSnapshot(
      `"Sequential: layers[0] must be a layer, an object with a call method such as new ReLU(), got a function"`,
    );
    expect(message(() => sequential([no(ReLU)]))).toMatchInlineSnapshot(
      `"Sequential: layers[0] must be a layer, an object with a call method such as new ReLU(), got the function ReLU"`,
    );
    expect(message(() => sequential(no(new ReLU())))).toMatchInlineSnapshot(
      `"Sequential: layers must be an array of layers, got an object (ReLU)"`,
    );
    expect(message(() => new Parallel([new ReLU(), no(undefined)]))).toMatchInlineSnapshot(
      `"Parallel: branches[1] must be a layer, an object with a call method such as new ReLU(), got undefined"`,
    );
    expect(message(() => new Residual({ body: no([new ReLU()]) }))).toMatchInlineSnapshot(
      `"Residual: body must be a layer, an object with a call method such as new ReLU(), got [an object (ReLU)]"`,
    );
    expect(message(() => new Dropout({ rate: 1.5 }))).toMatchInlineSnapshot(
      `"Dropout: rate must be a number of at least 0 and below 1, got 1.5"`,
    );
    expect(message(() => sequential([new ReLU()]).call(no([1, 2])))).toMatchInlineSnapshot(
      `"layers.0 (ReLU): the input of a layer must be a tensor, or a tuple or record of tensors, got [1, 2]; make one of numbers: tensor(values, shape)"`,
    );
    const late: Layer = { call: no(async (t: Tensor) => t) };
    expect(message(() => sequential([late]).call(x))).toMatchInlineSnapshot(
      `"layers.0 (Object): the output of a layer must be a tensor, or a tuple or record of tensors, got an object (Promise); call is not async, and ends in a return"`,
    );
    expect(message(() => sequential([{ call: no(() => undefined) }]).call(x))).toMatchInlineSnapshot(
      `"layers.0 (Object): the output of a layer must be a tensor, or a tuple or record of tensors, got undefined; call is not async, and ends in a return"`,
    );
  });

  it("with a class, and the parts as data", () => {
    const net = sequential([new Dense({ units: 1 })]);
    expect(() => net.call(x)).toThrow(
      expect.objectContaining({
        name: "ShapeError",
        details: expect.objectContaining({ path: "layers.0 (Dense)", fix: "put a Flatten before it", got: x.shape }),
      }),
    );
    expect(() => sequential([{ call: () => undefined as never }]).call(x)).toThrow(UsageError);
    expect(() => new Conv2d({ filters: -1, kernelSize: 1 })).toThrow(ValueError);
  });

  it("and keep the layer usable: the right input works afterwards", () => {
    const conv = new Conv2d({ filters: 4, kernelSize: 3, groups: 2 });
    expect(() => conv.call(some([1, 5, 5, 3]))).toThrow("groups");
    expect(conv.filters).toBeUndefined();
    expect(conv.call(some([1, 5, 5, 2])).shape).toEqual([1, 3, 3, 4]);
  });
});
