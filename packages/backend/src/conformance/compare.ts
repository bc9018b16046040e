import type { Backend } from "../backend.ts";
import type { Program, Values } from "../program.ts";

/** Throws unless all values are equal within a tolerance, which is relative for large values; NaN equals NaN. */
export function compare(got: Values, want: ArrayLike<number>, tolerance: number, what: string): void {
  if (got.length !== want.length) throw new Error(`${what}: expected ${want.length} numbers, got ${got.length}`);
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i]!, want[i]!];
    const close = Number.isFinite(b) ? Math.abs(a - b) <= tolerance * (1 + Math.abs(b)) : Object.is(a, b);
    if (!close) throw new Error(`${what}: element ${i} is ${a}, the reference says ${b}`);
  }
}

/** Runs a program once and frees it. */
export async function runOnce(backend: Backend, program: Program, feeds: readonly Values[]): Promise<Values[]> {
  const executable = backend.compile(program);
  try {
    return await executable.run(feeds, []);
  } finally {
    executable.dispose();
  }
}

/** Throws unless `work` fails. */
export async function mustFail(what: string, work: () => Promise<unknown> | void): Promise<void> {
  try {
    await work();
  } catch {
    return;
  }
  throw new Error(`${what}: expected an error, there was none`);
}
