// The reader of ONNX files: a damaged file gives a model or one of our errors, fast and within the memory of its bytes.
import { apply, predict } from "../../packages/layers/src/index.ts";
import { tensorsIn, useBackend, zeros } from "../../packages/tensor/src/index.ts";
import { reference } from "../../packages/backend-reference/src/index.ts";
import { importOnnx } from "../../packages/interop/src/index.ts";
import { onnxBytes } from "../../packages/interop/test/onnxBytes.ts";
import { cases, damage, outcome } from "../fuzzing.mjs";

export const name = "onnx";
export const count = 100_000;

const numbers = (...shape) => ({
  shape,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i / 8),
});
const whole = (...values) => ({ shape: [values.length], values, whole: true });

/** Files with the parts of the format: weights, attributes of each kind, graphs inside of nodes, computed shapes. */
const files = [
  {
    inputs: { x: [1, 2, 4, 4] },
    weights: { "a.weight": numbers(3, 2, 3, 3), "a.bias": numbers(3), shape: whole(1, -1), "b.weight": numbers(12, 2) },
    nodes: [
      ["Conv", ["x", "a.weight", "a.bias"], ["c"], { pads: [1, 1, 1, 1], strides: [1, 1], auto_pad: "NOTSET" }],
      ["Relu", ["c"], ["r"]],
      ["MaxPool", ["r"], ["m"], { kernel_shape: [2, 2], strides: [2, 2] }],
      ["Reshape", ["m", "shape"], ["f"]],
      ["Gemm", ["f", "b.weight"], ["y"], { alpha: { float: 0.5 } }],
    ],
    outputs: ["y"],
  },
  {
    inputs: { x: ["n", 3, 4, 4] },
    weights: {
      condition: numbers(),
      starts: whole(0),
      ends: whole(2 ** 40),
      axes: whole(2),
      pads: whole(0, 0, 1, 1, 0, 0, 1, 1),
    },
    nodes: [
      ["Shape", ["x"], ["s"]],
      ["Slice", ["x", "starts", "ends", "axes"], ["p"]],
      ["Pad", ["p", "pads"], ["q"], { mode: "constant" }],
      ["Transpose", ["q"], ["t"], { perm: [0, 2, 3, 1] }],
      ["Softmax", ["t"], ["o"], { axis: -1 }],
      [
        "If",
        ["condition"],
        ["y"],
        {
          then_branch: { nodes: [["Identity", ["o"], ["i"]]], outputs: ["i"] },
          else_branch: { nodes: [["ReduceMean", ["o"], ["k"], { keepdims: 1, axes: [1] }]], outputs: ["k"] },
        },
      ],
    ],
    outputs: ["y", "s"],
  },
].map((graph) => onnxBytes(graph));

useBackend(reference());

/** Most numbers of a value behind some outputs. */
function largestOf(outputs) {
  const seen = new Set();
  const open = [...tensorsIn(outputs)];
  let most = 0;
  while (open.length > 0) {
    const tensor = open.pop();
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    most = Math.max(most, tensor.size);
    open.push(...tensor.inputs);
  }
  return most;
}

/** Damages a file, imports it, and computes it for a small input where that is allowed. */
async function tryDamaged(dice, isInput) {
  const bytes = damage(dice.pick(files), dice, dice.pick(files));
  isInput(bytes);
  const net = await outcome(() => importOnnx(bytes));
  if (net === undefined) return;
  const shapes = Object.values(net.inputShapes);
  if (shapes.length !== 1 || shapes[0].reduce((a, b) => a * b, 1) > 1000) return;
  const x = zeros([2, ...shapes[0].map((size) => size || 3)]);
  const recorded = await outcome(() => apply(net, x));
  // A damaged size may ask for more memory than a fuzzer should take.
  if (recorded === undefined || largestOf(recorded) > 2 ** 20) return;
  await outcome(() => predict(net, x));
}

export const run = (options) => cases(options, tryDamaged);
