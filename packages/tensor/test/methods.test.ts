import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reference } from "@convlens/backend-reference";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import * as t from "../src/index.ts";
import * as table from "../src/methodTable.ts";
import { useMethods } from "../src/methods.ts";

beforeAll(() => {
  t.useBackend(reference({ precision: "float64" }));
  useMethods();
});

/** Names of functions that have another name as a method. */
const renamed: Readonly<Record<string, string>> = {
  absolute: "abs",
  divide: "div",
  multiply: "mul",
  negate: "neg",
  power: "pow",
  subtract: "sub",
};
/** Exported functions that are not operations on a tensor: makers of tensors, steps of optimizers, and tools. */
const others = new Set([
  ...["tensor", "full", "zeros", "ones", "range", "uniform", "normal"],
  ...["adamStep", "momentumStep", "movingAverage", "sgdStep"],
  ...[
    "compile",
    "evaluate",
    "useBackend",
    "format",
    "gradients",
    "print",
    "programOf",
    "recordAgain",
    "recordApart",
    "asRecorded",
  ],
  ...["record", "within", "captureCallSites", "currentBackend", "setSeed", "streamFor", "sorted", "variablesBehind"],
  ...["Tensor", "Variable"],
  ...["currentScope", "printByToString", "areShapes", "areTensors", "isShape", "mapTensors", "mapTree", "showShapes"],
  ...[
    "tensorsIn",
    "countOption",
    "finiteOption",
    "pairFrom",
    "poolChecks",
    "resizeChecks",
    "signalChecks",
    "tripleFrom",
    "volumeChecks",
    "windowChecks",
  ],
]);

it("every exported operation is a method", () => {
  const operations = Object.keys(t).filter((name) => !others.has(name));
  expect(Object.keys(table).sort()).toEqual(operations.map((name) => renamed[name] ?? name).sort());
});

it("a method computes what the function computes", async () => {
  const x = t.tensor([
    [1, -2, 3],
    [-4, 5, 6],
  ]);
  const pairs: readonly (readonly [method: t.Tensor, same: t.Tensor])[] = [
    [x.mul(2).add(1), t.add(t.multiply(x, 2), 1)],
    [x.sub(x.mean(-1, { keepAxes: true })), t.subtract(x, t.mean(x, -1, { keepAxes: true }))],
    [x.abs().pow(0.5).div(3).neg(), t.negate(t.divide(t.power(t.absolute(x), 0.5), 3))],
    [x.relu().sum(), t.sum(t.relu(x))],
    [x.transpose().matmul(x).softmax(), t.softmax(t.matmul(t.transpose(x), x))],
    [x.where(x.greater(0), 7), t.where(t.greater(x, 0), x, 7)],
    [x.concat([x, x], 1), t.concat([x, x, x], 1)],
    [x.stack([x]), t.stack([x, x])],
    [x.reshape([1, 2, 3, 1]).maxPool2d({ kernelSize: 2 }), t.maxPool2d(t.reshape(x, [1, 2, 3, 1]), { kernelSize: 2 })],
    [x.moments().variance, t.moments(x).variance],
    [t.tensor([2, 0]).oneHot(3), t.oneHot(t.tensor([2, 0]), 3)],
    [new t.Variable([1, 2], [2]).mul(3), t.tensor([3, 6])],
  ];
  for (const [method, same] of pairs) {
    expect(method.shape).toEqual(same.shape);
    expect(await method.data()).toEqual(await same.data());
  }
});

describe("the types of methods", () => {
  it("are those of the functions without the first operand", () => {
    const x = t.zeros([2, 3]);
    expectTypeOf(x.mul).parameters.toEqualTypeOf<[b: t.Operand]>();
    expectTypeOf(x.mul(2)).toEqualTypeOf<t.Tensor>();
    expectTypeOf(x.maxPool2d).parameters.toEqualTypeOf<[options: t.Pool2dOptions]>();
    expectTypeOf(x.moments()).toEqualTypeOf<{ readonly mean: t.Tensor; readonly variance: t.Tensor }>();
    expectTypeOf<t.Tensor>().not.toHaveProperty("multiply");
  });
});

it("only the entry imports the methods, so that other programs do not load them", () => {
  const folder = join(import.meta.dirname, "../src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const importing = files.filter((name) => /\/method(s|Table)\.ts"/.test(readFileSync(join(folder, name), "utf8")));
  expect(importing).toEqual(["methods.ts"]);
});
