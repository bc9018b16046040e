import { BackendError, checked, type Backend, type ErrorDetails } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { classification, orderOf, type Classification } from "@convlens/datasets";
import {
  build,
  Conv2d,
  Dense,
  Flatten,
  onesInitializer,
  parameter,
  parameters,
  ReLU,
  sequential,
  type Layer,
  type Mode,
} from "@convlens/layers";
import {
  add,
  divide,
  full,
  greater,
  log,
  maximum,
  multiply,
  sqrt,
  square,
  subtract,
  tensor,
  useBackend,
  where,
  type Tensor,
} from "@convlens/tensor";
import { fit, sgd, type Optimizer } from "@convlens/training";
import { describe, expect, it } from "vitest";

// A fault makes NaN in one layer, at one step, in one direction, and must be found there.

/** Value of one bright pixel, which only the batch of this step contains. */
const BRIGHT = 9;
const STEP = 4;
const BATCH = 5;

/** Examples of which one, counted in the order of training, is bright. */
function withBright(place: number): Classification {
  const inputs = Float32Array.from({ length: 40 * 16 }, (_, i) => ((i * 7) % 11) / 22);
  if (place >= 0) inputs[place * 16 + 3] = BRIGHT;
  return classification({
    inputs: { values: inputs, shape: [40, 4, 4, 1] },
    labels: Uint8Array.from({ length: 40 }, (_, i) => i % 3),
  });
}

const bright = (x: Tensor): Tensor => greater(x, BRIGHT - 1);

/** Layers that change only bright inputs. */
const faulty: Readonly<Record<string, (x: Tensor, scale: Tensor) => Tensor>> = {
  // ln 0
  "log forward": (x) => add(x, where(bright(x), log(subtract(x, x)), 0)),
  // 0 / 0
  "divide forward": (x) => add(x, multiply(bright(x), divide(subtract(x, x), maximum(0, subtract(BRIGHT, x))))),
  // √0 is 0, and its gradient infinite.
  "divide backward": (x, scale) => add(x, sqrt(multiply(subtract(1, bright(x)), square(scale)))),
};

/** A layer that fails. */
class Fault implements Layer {
  readonly work: (x: Tensor, scale: Tensor) => Tensor;
  readonly scale = parameter("scale", [], onesInitializer);
  constructor(kind: string) {
    this.work = faulty[kind]!;
  }
  call(x: Tensor): Tensor {
    return multiply(this.work(x, this.scale), this.scale);
  }
}

/** A custom net with a branch; the fault is in one of two places. */
class Net implements Layer {
  readonly before: Layer;
  readonly branch: Layer;
  readonly head = sequential([new ReLU(), new Flatten(), new Dense({ units: 3 })]);
  constructor(before: readonly Layer[], branch: readonly Layer[]) {
    this.before = sequential([...before, new Conv2d({ filters: 2, kernelSize: 3, padding: 1 })]);
    this.branch = sequential([...branch, new Conv2d({ filters: 2, kernelSize: 1 })]);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return this.head.call(add(this.before.call(x, mode), this.branch.call(x, mode)), mode);
  }
}

/** First example in the batch of the step, in the order of this seed. */
function exampleOf(step: number): number {
  return orderOf(40, true, { seed: 1, epoch: 0 })[(step - 1) * BATCH]!;
}

/** Trains until it fails, and returns the data of the error. */
async function failure(
  model: Layer,
  data: Classification,
  optimizer: Optimizer = sgd(),
): Promise<ErrorDetails & { text: string }> {
  try {
    for await (const _ of fit(model, data, { batchSize: BATCH, seed: 1, optimizer }));
  } catch (error) {
    if (error instanceof BackendError) return { ...error.details, text: error.message };
    throw error;
  }
  throw new Error("nothing failed");
}

const backends: Readonly<Record<string, () => Backend | Promise<Backend>>> = {
  reference: () => reference(),
  cpu: () => cpu(),
};

describe.each(Object.entries(backends))("the checked %s reports non-finite numbers", (_, make) => {
  for (const place of ["before", "branch"])
    it.each(Object.keys(faulty))(`in ${place}: %s`, async (kind) => {
      useBackend(checked(await make()));
      const [operation, direction] = kind.split(" ");
      const fault = [new Fault(kind)];
      const model = build(place === "before" ? new Net(fault, []) : new Net([], fault), [4, 4, 1]);
      const found = await failure(model, withBright(exampleOf(STEP)));
      expect(found).toMatchObject({ operation, direction, step: STEP, path: `${place}.layers.0 (Fault)` });
      expect(found.text).toMatch(
        new RegExp(
          `^step ${STEP}: ${place}\\.layers\\.0 \\(Fault\\), ${direction}: ${operation}: element \\d+ of \\[.*\\] must be finite, got (NaN|-?Infinity)`,
        ),
      );
    });

  it("in an update", async () => {
    useBackend(checked(await make()));
    const model = build(new Net([], []), [4, 4, 1]);
    let updates = 0;
    const broken: Optimizer = {
      learningRate: 1e-3,
      fresh: () => broken,
      state: () => new Map(),
      update: (all) => {
        updates++;
        for (const { path, parameter, gradient } of all)
          parameter.assign(
            path === "branch.layers.0.bias" ? divide(parameter, multiply(gradient, 0)) : parameter.current,
          );
      },
    };
    const found = await failure(model, withBright(-1), broken);
    expect(found).toMatchObject({ operation: "divide", direction: "update", step: 1, path: "branch.layers.0.bias" });
    expect(updates).toBe(1);
  });

  it("in existing data: a weight, an input, a label", async () => {
    useBackend(checked(await make()));
    const model = build(new Net([], []), [4, 4, 1]);
    const weights = parameters(model).get("branch.layers.0.filters")!;
    weights.write([NaN, 1]);
    expect(await failure(model, withBright(-1))).toMatchObject({ step: 1, path: "branch.layers.0.filters", got: NaN });
    weights.write([1, 1]);
    await expect(model.call(tensor([Infinity, ...new Float32Array(15)], [1, 4, 4, 1])).data()).rejects.toThrow(
      "element 0 of argument 0 [1, 4, 4, 1] must be finite, got Infinity",
    );
  });

  it("in one of several operations that one kernel could compute at once", async () => {
    useBackend(checked(await make()));
    const model = build(sequential([new Conv2d({ filters: 1, kernelSize: 3 }), new ReLU()]), [4, 4, 1]);
    parameters(model).get("layers.0.filters")!.write(new Float32Array(9).fill(1e30));
    const failed = model.call(full([1, 4, 4, 1], 1e30)).data();
    await expect(failed).rejects.toThrow(
      "layers.0 (Conv2d), forward: conv2d: element 0 of [1, 2, 2, 1] must be finite, got Infinity",
    );
  });

  it("but not those that never reach a result", async () => {
    useBackend(checked(await make()));
    const x = tensor([0, 4]);
    expect([...(await where(greater(x, 0), log(x), 7).data())]).toEqual([7, Math.fround(Math.log(4))]);
  });
});
