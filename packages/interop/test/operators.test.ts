import { readFileSync } from "node:fs";
import { reference } from "@convlens/backend-reference";
import { tensor, useBackend, type Tensors } from "@convlens/tensor";
import { beforeAll, expect, it } from "vitest";
import { importOnnx } from "../src/index.ts";
import { onnxBytes, type TestAttribute, type TestGraph, type TestTensor } from "./onnxBytes.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));

/** A case of tools/golden/onnxOperators.py. */
interface Case {
  readonly operator: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, TestAttribute>>;
  readonly inputs: readonly TestTensor[];
  readonly output: { readonly shape: readonly number[]; readonly values: readonly number[] };
}
const { cases } = JSON.parse(
  readFileSync(new URL("../../../tools/golden/onnxOperators.json", import.meta.url), "utf8"),
) as { readonly cases: readonly Case[] };

/** Computes a case. Its whole numbers are weights, and the others inputs. */
async function computed({
  operator,
  opset,
  attributes,
  inputs,
}: Case): Promise<readonly [readonly number[], ArrayLike<number>]> {
  const named = inputs.map((input, i) => [`input${i}`, input] as const);
  const known = named.filter(([, { whole, shape }]) => whole || shape.includes(0));
  const given = named.filter((entry) => !known.includes(entry));
  const graph: TestGraph = {
    inputs: Object.fromEntries(given.map(([name, { shape }]) => [name, shape])),
    weights: Object.fromEntries(known),
    nodes: [[operator, named.map(([name]) => name), ["y"], attributes]],
    outputs: ["y"],
  };
  const net = await importOnnx<Tensors>(onnxBytes(graph, opset), { layout: "file", batch: "open" });
  const x = Object.fromEntries(given.map(([name, { values, shape }]) => [name, tensor(values, shape)]));
  const y = net.call(given.length === 1 ? x["input0"]! : x);
  return [y.shape, await y.data()];
}

it.each(cases.map((each) => [`${each.operator} ${JSON.stringify(each.attributes)}`, each] as const))(
  "%s",
  async (_, each) => {
    const [shape, values] = await computed(each);
    expect(shape).toEqual(each.output.shape);
    each.output.values.forEach((want, i) => expect(values[i]).toBeCloseTo(want, 5));
  },
);
