import type { Buffer, KernelSource, Launch, Launcher } from "../launcher.ts";

/** A reduction of many terms for each element of the output. */
interface Fold extends Omit<KernelSource, "body"> {
  /** Number of terms of each element. */
  readonly terms: number;
  /** Statements before the first term, and before the result; `o` is the index of the element. */
  readonly before?: string;
  /** Statements that add term number `m` to `total`. */
  readonly term: string;
  /** The initial value of `total`. Default: 0. */
  readonly start?: string;
  /** The statement that joins `part`, the reduction of some terms, to `total`. Default: their sum. */
  readonly join?: string;
  /** The returned expression. Default: `total`. */
  readonly result?: string;
}

/** Number of terms below which one thread adds all of them. */
const FEW = 128;
/** Maximum number of parts: graphics processors run no more threads at the same time. */
const THREADS = 1 << 17;

/**
 * Prepares a reduction. Many terms are summed in two stages: there is work for many threads even if the output is small, and the
 * rounding error of a sum of n terms is that of two sums of √n terms.
 */
export function summed(
  gpu: Launcher,
  { terms, before = "", term, start = "0", join = "total = total + part;", result, ...source }: Fold,
): Launch {
  const { name, length } = source;
  const wanted = Math.min(Math.ceil(Math.sqrt(terms)), Math.ceil(THREADS / length));
  const each = Math.ceil(terms / wanted);
  const parts = Math.ceil(terms / each);
  if (terms <= FEW || length === 0 || parts === 1)
    return gpu.prepare({
      ...source,
      body: `const o = this.thread.x;
${before}
let total = ${start};
for (let m = 0; m < ${terms}; m++) {
${term}
}
return ${result ?? "total"};`,
    });
  const first = gpu.prepare({
    ...source,
    name: `${name}Parts`,
    length: parts * length,
    body: `const which = quotient(this.thread.x, ${length});
const o = this.thread.x - which * ${length};
${before}
let total = ${start};
for (let turn = 0; turn < ${each}; turn++) {
  const m = which * ${each} + turn;
  if (m < ${terms}) {
${term}
  }
}
return total;`,
  });
  const second = gpu.prepare({
    name: `${name}Total`,
    // The result may depend on the first statements, and these on the inputs.
    inputs: { parts: parts * length, ...(result !== undefined && source.inputs) },
    length,
    body: `const o = this.thread.x;
${result === undefined ? "" : before}
let total = parts[o];
for (let i = 1; i < ${parts}; i++) {
  const part = parts[i * ${length} + o];
  ${join}
}
return ${result ?? "total"};`,
  });
  return through(gpu, parts * length, first, second);
}

/** Two launches with a buffer between them, which is the first input of the second. */
export const through =
  (gpu: Launcher, length: number, first: Launch, second: Launch): Launch =>
  async (inputs, output) => {
    const between: Buffer = gpu.buffer(length);
    try {
      await first(inputs, between);
      await second([between, ...inputs], output);
    } finally {
      gpu.release(between);
    }
  };
