import type { Backend } from "../../backend.ts";
import type { Instruction, Program, Values } from "../../program.ts";
import type { Shape } from "../../shape.ts";
import { compare, runOnce } from "../compare.ts";

/** What a test of behaviour receives: a backend of its own, and the reference. */
export interface Setting {
  readonly backend: Backend;
  readonly reference: Backend;
  readonly tolerance: number;
  readonly rounds: number;
}

export const floats = (...numbers: number[]): Float32Array => Float32Array.from(numbers);
/** The shape of a single number. */
export const scalar: Shape = [1];
export const add = (...inputs: number[]): Instruction => ({ operation: "add", inputs, attributes: {}, shape: scalar });
/** A program over variables of one number each. */
export const over = (variables: number, parts: Partial<Program>): Program => ({
  feeds: [],
  variables: Array.from({ length: variables }, () => scalar),
  constants: [],
  instructions: [],
  outputs: [],
  updates: [],
  ...parts,
});

/** Tests by name. */
export type Behaviour = Readonly<Record<string, (setting: Setting) => Promise<void>>>;

/** Throws unless a program has the same outputs as in the reference. */
export async function sameAsReference(
  { backend, reference, tolerance }: Setting,
  program: Program,
  feeds: readonly Values[],
  what: string,
): Promise<void> {
  const [got, want] = [await runOnce(backend, program, feeds), await runOnce(reference, program, feeds)];
  want.forEach((values, i) => compare(got[i]!, values, tolerance, `${what}, output ${i}`));
}

/** Runs a program over variables with these initial values. Returns the outputs of each run, and the final values. */
export async function withVariables(
  backend: Backend,
  values: readonly number[],
  program: Program,
  runs: readonly (readonly Values[])[],
): Promise<{ outputs: number[][]; after: number[] }> {
  const storages = values.map((value) => {
    const storage = backend.allocate(1);
    backend.write(storage, floats(value));
    return storage;
  });
  const executable = backend.compile(program);
  // Not awaited one by one: runs must take effect in this order all the same.
  const results = await Promise.all(runs.map((feeds) => executable.run(feeds, storages)));
  const after = await Promise.all(storages.map(async (storage) => (await backend.read(storage))[0]!));
  executable.dispose();
  for (const storage of storages) backend.free(storage);
  return { outputs: results.map((outputs) => outputs.map((output) => output[0]!)), after };
}

/** Throws unless both are equal as JSON. */
export function expectEqual(got: unknown, want: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`);
}
