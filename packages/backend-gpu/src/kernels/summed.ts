import type { Buffer, KernelSource, Launch, Launcher } from "../launcher.ts";

/** A fold of many terms for each number of the output. */
interface Fold extends Omit<KernelSource, "body"> {
  /** Terms of each. */
  readonly terms: number;
  /** Statements before the first term, and before the result: `o` is the number of the output's element. */
  readonly before?: string;
  /** Statements that add term number `m` to `total`. */
  readonly term: string;
  /** What `total` begins with. Default: 0. */
  readonly start?: string;
  /** The statement that adds `part`, the fold of some terms, to `total`. Default: the sum. */
  readonly join?: string;
  /** What is returned, of `total` and of what stands before. Default: just that. */
  readonly result?: string;
}

/** Fewer terms than this are added by one thread. */
const FEW = 128;
/** A graphics processor has no more threads than this at the same time; more parts would only take memory. */
const THREADS = 1 << 17;

/**
 * Sums in two stages where there are many terms: so there is work for many threads also where the output is small, and a sum
 * of n terms loses as little as two of √n.
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
    // What is returned may need what stands before, and that the inputs.
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

/** One launch after the other, with a buffer of so many numbers between them, which the second gets before the inputs. */
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
