import { arrays, shapes } from "@convlens/datasets";
import { Dense, Flatten, sequential } from "@convlens/layers";
import { expect, expectTypeOf, it } from "vitest";
import {
  accuracy,
  confusionMatrix,
  crossEntropy,
  fit,
  huber,
  iou,
  mae,
  meanSquaredError,
  r2,
  weightedSum,
  type Fit,
} from "../src/index.ts";

const net = () => sequential([new Flatten(), new Dense({ units: 4 })]);
const classes = shapes({ size: 4, height: 2, width: 2 });
const numbers = arrays({
  inputs: { values: new Float32Array(8), shape: [4, 2] },
  targets: { values: new Float32Array(16), shape: [4, 4] },
});

it("metrics have the types of their values, by name", () => {
  const run = fit(net(), classes, { metrics: { accuracy, table: confusionMatrix, each: iou({ average: "none" }) } });
  type Values = typeof run extends Fit<infer V> ? V : never;
  expectTypeOf<Values["accuracy"]>().toEqualTypeOf<number>();
  expectTypeOf<Values["table"]>().toEqualTypeOf<readonly (readonly number[])[]>();
  expectTypeOf<Values["each"]>().toEqualTypeOf<readonly number[]>();
  const plain = fit(net(), classes);
  type Plain = typeof plain extends Fit<infer V> ? V : never;
  expectTypeOf<Plain["accuracy"]>().toEqualTypeOf<number | undefined>();
  expect(run).toBeDefined();
});

it("a loss is needed unless targets are classes, and must fit the outputs and the targets", () => {
  const refused = [
    // @ts-expect-error -- The targets are numbers, and there is no loss.
    () => fit(net(), numbers),
    // @ts-expect-error -- The model has one output.
    () => fit(net(), numbers, { loss: weightedSum({ a: huber, b: huber }) }),
    // @ts-expect-error -- There is no such metric.
    async () => (await fit(net(), numbers, { loss: meanSquaredError, metrics: { mae } })).at(-1)!.metrics.r2,
  ];
  expect(refused).toHaveLength(3);
  expect(() => fit(net(), numbers, { loss: meanSquaredError, metrics: { mae, r2 } })).not.toThrow();
  expect(() => fit(net(), classes, { loss: crossEntropy })).not.toThrow();
});
