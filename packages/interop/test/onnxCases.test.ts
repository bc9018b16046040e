import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ValueError } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { readNpy } from "@convlens/datasets";
import { apply, predict } from "@convlens/layers";
import { concat, tensor, Tensor, useBackend, type Tensors } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { importOnnx } from "../src/index.ts";
import { readOnnxFile } from "../src/onnx/onnxFile.ts";
import { families } from "../src/onnx/operators.ts";
import { casesOf, hasTestData, tensorsOf, type OnnxCase } from "./onnxCases.ts";

beforeAll(async () => {
  useBackend(await cpu());
});

/** Cases of supported operators that are not compared, each with the reason. */
const exceptions: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/(blackman|hamming|hann)window/, "the data was made with 3.1415 for pi"],
  [
    /cast.*(FLOAT16|BFLOAT16)|castlike_.*BFLOAT16/,
    "everything is computed in float32, which 16 bits are not rounded to",
  ],
  [/training_dropout/, "the data was made with another generator of random numbers"],
  [/operator_add_.*broadcast|operator_addconstant/, "its numbers are beyond float32"],
];

/** What is said of files that need what is not supported. */
const refusals =
  /is not supported|are not supported|which are not supported|depends on the input|the file is damaged: (a tensor in segments|"" of shape)/;

const kinds = ["node", "simple", "pytorch-converted", "pytorch-operator"];

/** Computes a case, and compares each number. */
async function check({ model, sets }: OnnxCase): Promise<void> {
  const net = await importOnnx<Tensors, Tensors>(readFileSync(model), { layout: "file", batch: "open" });
  const names = net.report.inputs.map(({ name }) => name);
  for (const set of sets) {
    const inputs = tensorsOf(set, "input");
    const given = names.map((_, i) => tensor(inputs[i]!.values, inputs[i]!.shape));
    const x = given.length === 1 ? given[0]! : Object.fromEntries(names.map((name, i) => [name, given[i]!]));
    const y = given.length === 0 ? net.call(x) : apply(net, x);
    const outputs = y instanceof Tensor ? [y] : (Object.values(y) as Tensor[]);
    const wanted = tensorsOf(set, "output");
    expect(outputs.length).toBe(wanted.length);
    for (const [i, want] of wanted.entries()) {
      expect(outputs[i]!.shape).toEqual(want!.shape);
      expectClose(await outputs[i]!.data(), want!.values);
    }
  }
}

/** Numbers that are not finite must be the same; others may differ by 2e-5 of the largest. */
function expectClose(got: ArrayLike<number>, want: Float64Array): void {
  const largest = want.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1e-3);
  const wrong = want.findIndex((v, i) => {
    const value = got[i]!;
    return !(Object.is(value, v) || value === v || Math.abs(value - v) <= 2e-5 * largest);
  });
  expect(wrong < 0 ? "all right" : `[${wrong}] is ${got[wrong]} and should be ${want[wrong]}`).toBe("all right");
}

/** Registers the cases. A skipped test would count as a failure, so there are none without the data. */
function describeCases(): void {
  const cases = kinds.flatMap((kind) => casesOf(kind));
  const compared = cases.filter(({ name }) => !exceptions.some(([pattern]) => pattern.test(name)));

  it.each(compared.map((each) => [each.name, each] as const))("%s", async (_, each) => {
    try {
      await check(each);
    } catch (error) {
      // Operators that are not supported are refused, with a reason and never with another error.
      if (!(error instanceof ValueError) || !refusals.test(error.message)) throw error;
      refused.push(each.name);
      return;
    }
    for (const operator of operatorsOf(each)) computed.set(operator, (computed.get(operator) ?? 0) + 1);
  });

  it("computes more than 790 cases, and refuses only operators outside of conv nets", () => {
    expect(compared.length - refused.length).toBeGreaterThan(790);
    const operators = new Set(refused.map((name) => /^test_([a-z]+)/.exec(name)![1]!));
    expect([...operators].sort()).toMatchSnapshot();
  });

  it("are listed in OPERATORS.md", async () => {
    await expect(documentOf()).toMatchFileSnapshot("../OPERATORS.md");
  });
}

if (hasTestData) describe("the test data of ONNX", describeCases);
else console.warn("Not run: the cases of ONNX, which Debian's package libonnx-testdata has.");

it("every operator names the versions that changed it, oldest first", () => {
  for (const { since } of Object.values(families).flatMap((family) => Object.values(family)))
    expect(since).toEqual([...new Set(since)].toSorted((a, b) => a - b));
});

const refused: string[] = [];
/** Number of cases that were computed with each operator. */
const computed = new Map<string, number>();

/** The operators in a case. */
const operatorsOf = ({ model }: OnnxCase): Set<string> =>
  new Set(readOnnxFile(readFileSync(model)).graph.nodes.map(({ operator }) => operator));

/** A table that is formatted as Prettier does it. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map((text, i) => text.padEnd(widths[i]!)).join(" | ")} |`;
  const [head, ...others] = rows;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...others.map(line)].join("\n");
}

/** The list of operators in OPERATORS.md. */
function documentOf(): string {
  const sections = Object.entries(families).map(([family, operators]) => {
    const rows = Object.entries(operators).map(([name, { since }]) => [
      name,
      since.join(", "),
      String(computed.get(name) ?? 0),
    ]);
    return `## ${family}\n\n${tableOf([["operator", "since version", "cases"], ...rows])}\n`;
  });
  return `# Operators of ONNX

What \`importOnnx\` reads. An operator is read as the newest of its versions that is not newer than the version that the file names.
Cases are those of ONNX's own test data (Debian's package \`libonnx-testdata\`) that contain the operator and are computed right. This
list is written by \`pnpm exec vitest run --update packages/interop/test/onnxCases.test.ts\`.

${sections.join("\n")}`;
}

/** A folder of nets that others have trained, each with `model.onnx`, `input.npy` and `output_0.npy`, … */
const folder = process.env["CONVLENS_NETS"];
const nets =
  folder === undefined ? [] : readdirSync(folder).filter((name) => existsSync(join(folder, name, "model.onnx")));

if (nets.length > 0)
  it.each(nets)("%s: the right outputs, and a batch of two as two of one", async (name) => {
    const file = (part: string): Buffer => readFileSync(join(folder!, name, part));
    const net = await importOnnx<Tensor, Tensors>(file("model.onnx"), { layout: "file" });
    const { values, shape } = await readNpy(file("input.npy"));
    const x = tensor(Array.from(values, Number), shape);
    const one = tensorsIn(await predict(net, x));
    const two = tensorsIn(await predict(net, concat([x, x], 0)));
    for (const [i, output] of one.entries()) {
      const want = await readNpy(file(`output_${i}.npy`));
      expect(output.shape).toEqual(want.shape);
      const largest = errorOf(want.values, new Float32Array(want.values.length));
      const got = await output.data();
      expect(errorOf(got, want.values) / largest).toBeLessThan(1e-5);
      const both = await two[i]!.data();
      expect(both.length).toBe(2 * got.length);
      expect(errorOf(both.subarray(0, got.length), got) / largest).toBeLessThan(1e-5);
      expect(errorOf(both.subarray(got.length), got) / largest).toBeLessThan(1e-5);
    }
  });
else console.warn("Not run: nets of others, a folder of which CONVLENS_NETS names.");

const tensorsIn = (y: Tensors): Tensor[] => (y instanceof Tensor ? [y] : (Object.values(y) as Tensor[]));

/** The greatest difference. */
const errorOf = (got: ArrayLike<number | bigint>, want: ArrayLike<number | bigint>): number =>
  Array.from(got, Number).reduce((most, value, i) => Math.max(most, Math.abs(value - Number(want[i]))), 0);
