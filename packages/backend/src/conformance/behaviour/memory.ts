import type { Backend } from "../../backend.ts";
import { collectGarbage } from "../../pacer.ts";
import type { Program } from "../../program.ts";
import { mustFail, runOnce } from "../compare.ts";
import { programOf } from "../writer.ts";
import { add, expectEqual, floats, over, type Behaviour } from "./setting.ts";

const LENGTH = 1000;
/** Minimum number of bytes that {@link dropSome} allocates. */
const DROPPED = 2 * 10 * 4 * LENGTH;

/** Doubles a constant. */
const constantProgram = (constant: number): Program =>
  over(0, {
    constants: [{ shape: [LENGTH], values: new Float32Array(LENGTH).fill(constant) }],
    instructions: [{ operation: "add", inputs: [0, 0], attributes: {}, shape: [LENGTH] }],
    outputs: [1],
  });

/** Makes variables and programs, uses them once, and drops all references. */
async function dropSome(backend: Backend): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const storage = backend.allocate(LENGTH);
    backend.write(storage, new Float32Array(LENGTH).fill(i));
    expectEqual((await backend.read(storage))[LENGTH - 1], i, "a variable");
    const [sum] = await backend.compile(constantProgram(i)).run([], []);
    expectEqual(sum![LENGTH - 1], 2 * i, "a sum");
  }
}

/** Memory of variables and programs. */
export const memory: Behaviour = {
  "memory is constant over many runs, and freed": async ({ backend }) => {
    const before = backend.memory();
    const shape = [64, 64];
    const program = programOf([shape], (write, [x]) => [
      write("exp", [write("multiply", [x, write.constant(0.5)], {}, shape)], {}, shape),
    ]);
    const executable = backend.compile(program);
    const x = new Float32Array(64 * 64).fill(0.1);
    await executable.run([x], []);
    const once = backend.memory();
    for (let i = 0; i < 100; i++) await executable.run([x], []);
    expectEqual(backend.memory(), once, "bytes after 100 runs");
    executable.dispose();
    const storage = backend.allocate(1000);
    backend.free(storage);
    await runOnce(backend, program, [x]);
    if (backend.memory() > once)
      throw new Error(`memory grew from ${before} to ${once} and then ${backend.memory()} bytes`);
  },

  "unreachable variables and programs are freed, and no others": async ({ backend }) => {
    const kept = backend.allocate(3);
    backend.write(kept, floats(1, 2, 3));
    const keptProgram = backend.compile(constantProgram(4));
    await keptProgram.run([], []);
    const before = backend.memory();
    await dropSome(backend);
    const all = backend.memory() - before;
    if (all < DROPPED) throw new Error(`${all} bytes are held by what was made, of at least ${DROPPED}`);
    // An engine may still hold what was used last.
    const isBack = (): boolean => backend.memory() - before <= 0.3 * all;
    // Engines may take more than one look to find all that was dropped.
    for (let i = 0; i < 5 && !isBack(); i++) await collectGarbage(isBack);
    if (!isBack()) throw new Error(`${backend.memory() - before} of ${all} bytes are held that nobody can reach`);
    expectEqual([...(await backend.read(kept))], [1, 2, 3], "a variable that was kept");
    expectEqual((await keptProgram.run([], []))[0]![0], 8, "what a program that was kept makes");
    keptProgram.dispose();
    backend.free(kept);
  },

  "disposed variables and programs cannot be used": async ({ backend }) => {
    const storage = backend.allocate(1);
    backend.write(storage, floats(1));
    const program = over(1, { instructions: [add(0, 0)], outputs: [1] });
    const executable = backend.compile(program);
    backend.free(storage);
    await mustFail("a freed variable in a run", () => executable.run([], [storage]));
    await mustFail("reading a freed variable", () => backend.read(storage));
    executable.dispose();
    const another = backend.allocate(1);
    await mustFail("a disposed program", () => executable.run([], [another]));
    backend.free(another);
  },
};
