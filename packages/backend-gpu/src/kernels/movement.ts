import {
  broadcastSteps,
  offsetOf,
  sizeOf,
  stepsOf,
  type Kernel,
  type KernelsOf,
  type Movements,
  type Operations,
  type Shape,
} from "@convlens/backend";
import { MOST_INPUTS, type Buffer, type Launch, type Launcher } from "../launcher.ts";
import { indexOf, joinedAxes, literal, placesOf } from "./axes.ts";
import { summed } from "./summed.ts";

/** Reads x with the given step along each axis of the output. */
function read(gpu: Launcher, name: string, input: Shape, output: Shape, steps: readonly number[], start = 0): Launch {
  const joined = joinedAxes(output, [steps]);
  return gpu.prepare({
    name,
    inputs: { xs: sizeOf(input) },
    length: sizeOf(output),
    body: `${placesOf("this.thread.x", joined.sizes)}\nreturn xs[${indexOf(joined.steps[0]!, { start })}];`,
  });
}

const slice =
  (gpu: Launcher): Kernel<Buffer, Operations["slice"]> =>
  ({ inputs: [input], output, attributes: { begin, step } }) => {
    const own = stepsOf(input);
    const start = offsetOf(begin, own);
    return read(
      gpu,
      "slice",
      input,
      output,
      own.map((size, axis) => size * step[axis]!),
      start,
    );
  };

/** For each element, finds the element of the slice that was read from it, if any. */
const place =
  (gpu: Launcher): Kernel<Buffer, Operations["place"]> =>
  ({ inputs: [input], output, attributes: { begin, step } }) => {
    const own = stepsOf(input);
    const tests = output.map((_, axis) => {
      const stride = Math.abs(step[axis]!);
      const way = step[axis]! > 0 ? `a${axis} - ${begin[axis]!}` : `${begin[axis]!} - a${axis}`;
      return `const way${axis} = ${way};
if (way${axis} < 0) { return 0; }
const b${axis} = quotient(way${axis}, ${stride});
if (b${axis} * ${stride} !== way${axis}) { return 0; }
if (b${axis} >= ${input[axis]!}) { return 0; }`;
    });
    return gpu.prepare({
      name: "place",
      inputs: { xs: sizeOf(input) },
      length: sizeOf(output),
      body: [placesOf("this.thread.x", output), ...tests, `return xs[${indexOf(own, { name: "b" })}];`].join("\n"),
    });
  };

/** Concatenates a few tensors. Each thread finds the tensor of its element. */
export function joined(gpu: Launcher, parts: readonly number[], outer: number): Launch {
  const whole = parts.reduce((sum, part) => sum + part, 0);
  let begin = 0;
  const branches = parts.map((part, k) => {
    const from = begin;
    begin += part;
    return `if (at < ${begin}) { return xs${k}[row * ${part} + at - ${from}]; }`;
  });
  return gpu.prepare({
    name: "concat",
    inputs: Object.fromEntries(parts.map((part, k) => [`xs${k}`, part * outer])),
    length: whole * outer,
    body: [
      `const row = quotient(this.thread.x, ${whole});`,
      `const at = this.thread.x - row * ${whole};`,
      ...branches,
      "return 0;",
    ].join("\n"),
  });
}

const concat =
  (gpu: Launcher): Kernel<Buffer, Operations["concat"]> =>
  ({ inputs, output, attributes: { axis } }) => {
    const [inner, outer] = [sizeOf(output.slice(axis + 1)), sizeOf(output.slice(0, axis))];
    // Empty tensors are skipped. If there are too many, the first few are concatenated to one.
    const kept = inputs.flatMap((shape, k) => (sizeOf(shape) === 0 ? [] : [{ k, part: shape[axis]! * inner }]));
    const launches: { readonly launch: Launch; readonly length: number; readonly count: number }[] = [];
    let parts = kept.map(({ part }) => part);
    do {
      const some = parts.slice(0, MOST_INPUTS);
      const length = some.reduce((sum, part) => sum + part, 0);
      launches.push({ launch: joined(gpu, some, outer), length: length * outer, count: some.length });
      parts = [length, ...parts.slice(some.length)];
    } while (parts.length > 1);
    return async (from, output) => {
      const rest = kept.map(({ k }) => from[k]!);
      let done: Buffer | undefined;
      for (const { launch, length, count } of launches) {
        const some = rest.splice(0, done === undefined ? count : count - 1);
        const next = rest.length === 0 ? output : gpu.buffer(length);
        await launch(done === undefined ? some : [done, ...some], next);
        if (done !== undefined) gpu.release(done);
        done = next;
      }
    };
  };

/** For an invalid index, NaN is read from `nothing`. */
const gather =
  (gpu: Launcher): Kernel<Buffer, Operations["gather"]> =>
  ({ inputs: [table, indices], output }) => {
    const rows = table[0]!;
    const length = sizeOf(table.slice(1));
    const launch = gpu.prepare({
      name: "gather",
      inputs: { xs: sizeOf(table), indices: sizeOf(indices), nothing: 1 },
      length: sizeOf(output),
      whenEmpty: NaN,
      body: `const i = quotient(this.thread.x, ${length});
const row = indices[i];
if (row >= 0) {
  if (row < ${rows}) {
    if (Math.floor(row) === row) {
      return xs[row * ${length} + this.thread.x - i * ${length}];
    }
  }
}
return nothing[0];`,
    });
    // A kernel has no NaN literal.
    return async (from, output) => {
      const nothing = gpu.buffer(1);
      try {
        await gpu.upload(nothing, Float32Array.of(NaN));
        await launch([...from, nothing], output);
      } finally {
        gpu.release(nothing);
      }
    };
  };

/** Each element sums the rows that have its index. */
const scatter =
  (gpu: Launcher): Kernel<Buffer, Operations["scatter"]> =>
  ({ inputs: [from, indices], output }) => {
    const length = sizeOf(output.slice(1));
    return summed(gpu, {
      name: "scatter",
      inputs: { rows: sizeOf(from), indices: sizeOf(indices) },
      length: sizeOf(output),
      terms: sizeOf(indices),
      before: `const row = quotient(o, ${literal(length)});\nconst at = o - row * ${length};`,
      term: `if (indices[m] === row) { total = total + rows[m * ${length} + at]; }`,
    });
  };

/** Kernels that only move elements. */
export const movementKernels = (gpu: Launcher): KernelsOf<Buffer, Exclude<keyof Movements, "reshape">> => ({
  broadcast: ({ inputs: [input], output }) => read(gpu, "broadcast", input, output, broadcastSteps(input, output)),
  transpose: ({ inputs: [input], output, attributes: { order } }) => {
    const own = stepsOf(input);
    return read(
      gpu,
      "transpose",
      input,
      output,
      order.map((axis) => own[axis]!),
    );
  },
  slice: slice(gpu),
  place: place(gpu),
  concat: concat(gpu),
  gather: gather(gpu),
  scatter: scatter(gpu),
});
