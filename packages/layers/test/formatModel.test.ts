import { Variable, type Tensor } from "@convlens/tensor";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  build,
  Conv2d,
  Dense,
  formatModel,
  Flatten,
  Parallel,
  ReLU,
  Residual,
  sequential,
  variables,
  type Layer,
} from "../src/index.ts";
import { lenet5, resnet18 } from "../src/models/index.ts";

describe("a printed model", () => {
  it("is the same by String and by console.log in Node", () => {
    const model = build(lenet5(), [28, 28, 1]);
    expect(String(model)).toMatchInlineSnapshot(`
      "Sequential (61,706 parameters)
        layers.0 Conv2d: filters [5, 5, 1, 6], bias [6] (156 parameters)
        layers.1 ReLU
        layers.2 MaxPool2d
        layers.3 Conv2d: filters [5, 5, 6, 16], bias [16] (2,416 parameters)
        layers.4 ReLU
        layers.5 MaxPool2d
        layers.6 Flatten
        layers.7 Dense: weights [400, 120], bias [120] (48,120 parameters)
        layers.8 ReLU
        layers.9 Dense: weights [120, 84], bias [84] (10,164 parameters)
        layers.10 ReLU
        layers.11 Dense: weights [84, 10], bias [10] (850 parameters)"
    `);
    expect(inspect(model)).toBe(String(model));
    expect(inspect({ model })).toContain("layers.0 Conv2d");
  });

  it("has no unknown shapes before it is built", () => {
    expect(
      String(sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new Dense({ units: 3, inputs: 2 })])),
    ).toMatchInlineSnapshot(`
        "Sequential (9 parameters)
          layers.0 Conv2d
          layers.1 ReLU
          layers.2 Dense: weights [2, 3], bias [3] (9 parameters)"
      `);
  });

  it("shows containers, variables that are not trainable, and custom classes", () => {
    class Own implements Layer {
      readonly body = new Residual({ body: sequential([new Dense({ units: 4, inputs: 4 })]) });
      readonly heads = new Map<string, Layer>([["first", new Dense({ units: 2, inputs: 4 })]]);
      readonly temperature = new Variable([1], [], { trainable: false });
      readonly weights = { scale: new Variable([1, 2], [2]) };
      call(x: Tensor): Tensor {
        return x;
      }
    }
    const own = new Own();
    expect(formatModel(own)).toMatchInlineSnapshot(`
      "Own: temperature [], weights.scale [2] (32 parameters)
        body Residual (20 parameters)
          body Sequential (20 parameters)
            layers.0 Dense: weights [4, 4], bias [4] (20 parameters)
        heads.first Dense: weights [4, 2], bias [2] (10 parameters)"
    `);
    expect(formatModel({ nets: [own, new Parallel([new ReLU(), new Flatten()])] })).toMatchInlineSnapshot(`
      "Object (32 parameters)
        nets.0 Own: temperature [], weights.scale [2] (32 parameters)
          body Residual (20 parameters)
            body Sequential (20 parameters)
              layers.0 Dense: weights [4, 4], bias [4] (20 parameters)
          heads.first Dense: weights [4, 2], bias [2] (10 parameters)
        nets.1 Parallel
          branches.0 ReLU
          branches.1 Flatten"
    `);
  });

  it("of one layer has one line", () => {
    expect(String(new ReLU())).toBe("ReLU");
    expect(`${String(new Dense({ units: 3, inputs: 2 }))}`).toBe("Dense: weights [2, 3], bias [3] (9 parameters)");
  });

  it("lists every variable once, in a model with shared layers, too", () => {
    const shared = new Dense({ units: 2, inputs: 2 });
    const text = formatModel(sequential([shared, sequential([shared])]));
    expect(text.match(/weights/g)).toHaveLength(1);
    const net = build(resnet18({ classes: 10 }), [32, 32, 3]);
    const lines = String(net).split("\n");
    expect(lines[0]).toBe("Sequential (11,181,642 parameters)");
    expect(lines.join(" ").match(/\b(filters|bias|scale|shift|mean|variance|weights) \[/g)).toHaveLength(
      variables(net).size,
    );
  });
});
