import type { Backend } from "../backend.ts";
import { collectGarbage } from "../pacer.ts";
import { pool2dGeometry } from "../geometry.ts";
import type { Instruction, Program, Values } from "../program.ts";
import { sizeOf, type Shape } from "../shape.ts";
import { compare, mustFail, runOnce } from "./compare.ts";
import { Dice } from "./dice.ts";
import { windowsOverSpecialNumbers } from "./windows.ts";
import { programOf } from "./writer.ts";

/** What a test of behaviour gets: a backend of its own, and the reference. */
export interface Setting {
  readonly backend: Backend;
  readonly reference: Backend;
  readonly tolerance: number;
  readonly rounds: number;
}

const floats = (...numbers: number[]): Float32Array => Float32Array.from(numbers);
const scalar: Shape = [1];
const add = (...inputs: number[]): Instruction => ({ operation: "add", inputs, attributes: {}, shape: scalar });
/** A program over variables of one number. */
const over = (variables: number, parts: Partial<Program>): Program => ({
  feeds: [],
  variables: Array.from({ length: variables }, () => scalar),
  constants: [],
  instructions: [],
  outputs: [],
  updates: [],
  ...parts,
});

async function sameAsReference(
  { backend, reference, tolerance }: Setting,
  program: Program,
  feeds: readonly Values[],
  what: string,
): Promise<void> {
  const [got, want] = [await runOnce(backend, program, feeds), await runOnce(reference, program, feeds)];
  want.forEach((values, i) => compare(got[i]!, values, tolerance, `${what}, output ${i}`));
}

/** Variables with these values, what a program makes of them in some runs, and what they hold afterwards. */
async function withVariables(
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
  // Called without waiting: they must take effect in this order all the same.
  const results = await Promise.all(runs.map((feeds) => executable.run(feeds, storages)));
  const after = await Promise.all(storages.map(async (storage) => (await backend.read(storage))[0]!));
  executable.dispose();
  for (const storage of storages) backend.free(storage);
  return { outputs: results.map((outputs) => outputs.map((output) => output[0]!)), after };
}

function expectEqual(got: unknown, want: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`);
}

const LENGTH = 1000;
/** Bytes of what {@link dropSome} makes, at least. */
const DROPPED = 2 * 10 * 4 * LENGTH;

/** Doubles a constant. */
const constantProgram = (constant: number): Program =>
  over(0, {
    constants: [{ shape: [LENGTH], values: new Float32Array(LENGTH).fill(constant) }],
    instructions: [{ operation: "add", inputs: [0, 0], attributes: {}, shape: [LENGTH] }],
    outputs: [1],
  });

/** Makes variables and programs, uses them, and drops them. */
async function dropSome(backend: Backend): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const storage = backend.allocate(LENGTH);
    backend.write(storage, new Float32Array(LENGTH).fill(i));
    expectEqual((await backend.read(storage))[LENGTH - 1], i, "a variable");
    const [sum] = await backend.compile(constantProgram(i)).run([], []);
    expectEqual(sum![LENGTH - 1], 2 * i, "a sum");
  }
}

/** What every backend does beside computing single operations rightly. */
export const behaviour: Readonly<Record<string, (setting: Setting) => Promise<void>>> = {
  "not a number and infinity go through as they do in the reference": async (setting) => {
    const special = floats(NaN, Infinity, -Infinity, 0, -0, 1, -1, 3);
    const other = floats(1, -1, NaN, Infinity, 0, -Infinity, 2, 3);
    const shape = [8];
    const unary = ["negate", "absolute", "exp", "log", "sqrt", "reciprocal", "tanh", "sigmoid", "relu"] as const;
    const binary = ["add", "subtract", "multiply", "maximum", "minimum", "equal", "greater", "greaterEqual"] as const;
    const program = programOf([shape, shape], (write, [a, b]) => [
      ...unary.map((operation) => write(operation, [a!], {}, shape)),
      ...binary.map((operation) => write(operation, [a!, b!], {}, shape)),
      write("where", [a!, a!, b!], {}, shape),
      write("sum", [a!], { axes: [0] }, [1]),
      write("max", [a!], { axes: [0] }, [1]),
      write("argmax", [b!], { axis: 0 }, [1]),
    ]);
    await sameAsReference(setting, program, [special, other], "special numbers");
  },

  "windows over numbers that are not finite": windowsOverSpecialNumbers,

  "what no pooling window sees gets no gradient, whatever it is": async ({ backend }) => {
    const [image, result] = [
      [1, 2, 5, 1],
      [1, 1, 2, 1],
    ];
    const geometry = pool2dGeometry(image, { size: 2, geometry: "floor" }, "maxPool2d");
    const special = floats(1, 2, 3, 4, NaN, 5, 6, 7, 8, Infinity);
    const dy = floats(1, 1);
    for (const p of [undefined, 1, 2, 3, 2.5]) {
      if (p !== undefined && !backend.supports("lpPool2dGradient")) continue;
      const program = programOf([result, image, result], (write, [slopes, x, y]) => [
        p === undefined
          ? write("maxPool2dGradient", [slopes!, x!], { geometry }, image)
          : write("lpPool2dGradient", [slopes!, x!, y!], { geometry, p }, image),
      ]);
      const [dx] = await runOnce(backend, program, [dy, special, floats(9, 9)]);
      const what = `the gradient of ${p === undefined ? "max" : `L${p}`} pooling`;
      expectEqual([dx![4], dx![9], [...dx!].every(Number.isFinite)], [0, 0, true], what);
    }
  },

  "empty tensors": async (setting) => {
    const program = programOf(
      [
        [0, 3],
        [3, 2],
      ],
      (write, [none, some]) => [
        write("exp", [none!], {}, [0, 3]),
        write("sum", [none!], { axes: [0] }, [1, 3]),
        write("max", [none!], { axes: [0] }, [1, 3]),
        write("matmul", [none!, some!], { transposeA: false, transposeB: false }, [0, 2]),
        write("matmul", [none!, none!], { transposeA: true, transposeB: false }, [3, 3]),
        write("transpose", [none!], { order: [1, 0] }, [3, 0]),
        write("place", [none!], { begin: [1, 0], step: [1, 1], shape: [2, 3] }, [2, 3]),
      ],
    );
    await sameAsReference(setting, program, [floats(), floats(1, 2, 3, 4, 5, 6)], "empty tensors");
  },

  "large tensors": async (setting) => {
    const n = 1 << 20;
    const x = Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 1000) / 1000);
    const shape = [1024, 1024];
    const program = programOf([shape, [1024]], (write, [a, b]) => {
      const sum = write("add", [a!, b!], {}, shape);
      return [write("sum", [sum], { axes: [0] }, [1, 1024]), write("transpose", [sum], { order: [1, 0] }, shape)];
    });
    await sameAsReference(setting, program, [x, x.subarray(0, 1024)], "large tensors");
  },

  "a run that is watched tells of every instruction, and computes the same": async ({ backend }) => {
    const shape = [2, 3];
    const program = programOf([shape], (write, [x]) => {
      const doubled = write("add", [x!, x!], {}, shape);
      const flat = write("reshape", [doubled], { shape: [6] }, [6]);
      return [write("sum", [flat], { axes: [0] }, [1]), write("exp", [doubled], {}, shape)];
    });
    const executable = backend.compile(program);
    const feeds = [floats(1, -2, 3, 0.5, 0, -1)];
    const told: number[] = [];
    const watched = await executable.run(feeds, [], {
      onInstruction: (instruction, milliseconds) => {
        told.push(instruction);
        if (!(milliseconds >= 0)) throw new Error(`instruction ${instruction} took ${milliseconds} ms`);
      },
    });
    const plain = await executable.run(feeds, []);
    executable.dispose();
    expectEqual(told, [0, 2, 3], "the instructions told of, without the reshape");
    expectEqual(
      watched.map((values) => [...values]),
      plain.map((values) => [...values]),
      "the results",
    );
  },

  "values survive the reuse of memory": async (setting) => {
    for (let round = 0; round < setting.rounds; round++) {
      const dice = new Dice(1000 + round);
      const shapes: Shape[] = [
        [2, 6],
        [2, 6],
      ];
      const program = programOf(shapes, (write, feeds) => {
        const values = [...feeds];
        for (let i = dice.int(2, 40); i > 0; i--) {
          const recent = (): number => values[dice.int(Math.max(0, values.length - 5), values.length - 1)]!;
          const kind = dice.int(0, 3);
          if (kind === 0) {
            const flat = write("reshape", [recent()], { shape: [12] }, [12]);
            values.push(write("reshape", [flat], { shape: [2, 6] }, [2, 6]));
          } else if (kind === 1) {
            const total = write("max", [recent()], { axes: [0] }, [1, 6]);
            values.push(write("subtract", [recent(), total], {}, [2, 6]));
          } else
            values.push(write(dice.pick(["add", "maximum", "minimum"] as const), [recent(), recent()], {}, [2, 6]));
        }
        return [values.at(-1)!, dice.pick(values), values[2]!];
      });
      const feeds = shapes.map((shape) => Float32Array.from({ length: sizeOf(shape) }, () => dice.unit() / 16));
      await sameAsReference(setting, program, feeds, `random program ${round}`);
    }
  },

  "feeds, constants and reshapes can be outputs, twice": async ({ backend }) => {
    const program: Program = {
      ...over(0, {}),
      feeds: [[2]],
      constants: [{ shape: [2], values: floats(5, 6) }],
      instructions: [{ operation: "reshape", inputs: [1], attributes: { shape: [2, 1] }, shape: [2, 1] }],
      outputs: [0, 1, 2, 0],
    };
    const outputs = await runOnce(backend, program, [floats(1, 2)]);
    expectEqual(
      outputs.map((output) => [...output]),
      [
        [1, 2],
        [5, 6],
        [5, 6],
        [1, 2],
      ],
      "outputs",
    );
    outputs[0]![0] = 9;
    if (outputs[3]![0] !== 1) throw new Error("outputs must not share memory");
  },

  "updates happen after the last instruction, runs in the order called": async ({ backend }) => {
    // v ← v + x, and both v and v + x are returned
    const program = over(1, {
      feeds: [scalar],
      instructions: [add(0, 1)],
      outputs: [1, 2],
      updates: [{ variable: 0, value: 2 }],
    });
    const { outputs, after } = await withVariables(backend, [1], program, [[floats(1)], [floats(2)], [floats(3)]]);
    expectEqual(
      [outputs, after],
      [
        [
          [1, 2],
          [2, 4],
          [4, 7],
        ],
        [7],
      ],
      "v ← v + x",
    );
  },

  "values that change after they were written": async ({ backend }) => {
    const [storage, values] = [backend.allocate(2), floats(1, 2)];
    backend.write(storage, values);
    values.fill(9);
    expectEqual([...(await backend.read(storage))], [1, 2], "what was written");
    backend.free(storage);
  },

  "an update that nobody reads later": async ({ backend }) => {
    const program = over(1, { feeds: [scalar], instructions: [add(0, 1)], updates: [{ variable: 0, value: 2 }] });
    const { after } = await withVariables(backend, [1], program, [[floats(1)], [floats(10)]]);
    expectEqual(after, [12], "v ← v + x");
  },

  "an old value that is read after the new one was made": async ({ backend }) => {
    // b ← a + a; a ← a + b: both from the old ones
    const program = over(2, {
      instructions: [add(0, 0), add(0, 1)],
      updates: [
        { variable: 1, value: 2 },
        { variable: 0, value: 3 },
      ],
    });
    const { after } = await withVariables(backend, [1, 10], program, [[], []]);
    expectEqual(after, [13, 22], "b ← a + a, a ← a + b");
  },

  "an update from a reshape of another variable, and of a feed": async ({ backend }) => {
    const reshape = (input: number): Instruction => ({
      operation: "reshape",
      inputs: [input],
      attributes: { shape: scalar },
      shape: scalar,
    });
    const program = over(2, {
      feeds: [scalar],
      instructions: [add(1, 2), reshape(3), reshape(0)],
      outputs: [4],
      updates: [
        { variable: 0, value: 4 },
        { variable: 1, value: 5 },
      ],
    });
    const { outputs, after } = await withVariables(backend, [1, 2], program, [[floats(7)], [floats(8)]]);
    expectEqual(
      [outputs, after],
      [
        [[3], [10]],
        [10, 8],
      ],
      "a ← a + b, b ← x",
    );
  },

  "one value for two variables": async ({ backend }) => {
    const program = over(2, {
      instructions: [add(0, 1)],
      updates: [
        { variable: 0, value: 2 },
        { variable: 1, value: 2 },
      ],
    });
    const { after } = await withVariables(backend, [1, 2], program, [[], []]);
    expectEqual(after, [6, 6], "a, b ← a + b");
  },

  "a swap through a copy": async ({ backend }) => {
    const copy = (input: number): Instruction => ({
      operation: "copy",
      inputs: [input],
      attributes: {},
      shape: scalar,
    });
    const program = over(2, {
      instructions: [copy(1), copy(0)],
      updates: [
        { variable: 0, value: 2 },
        { variable: 1, value: 3 },
      ],
    });
    const { after } = await withVariables(backend, [1, 2], program, [[], [], []]);
    expectEqual(after, [2, 1], "a, b ← b, a");
  },

  "memory is constant over many runs, and given back": async ({ backend }) => {
    const before = backend.memory();
    const shape = [64, 64];
    const program = programOf([shape], (write, [x]) => [
      write("exp", [write("multiply", [x!, write.constant(0.5)], {}, shape)], {}, shape),
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

  "variables and programs that nobody can reach are given back, and no others": async ({ backend }) => {
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

  "a cancelled run changes nothing": async ({ backend }) => {
    const storage = backend.allocate(1);
    backend.write(storage, floats(1));
    const executable = backend.compile(over(1, { instructions: [add(0, 0)], updates: [{ variable: 0, value: 1 }] }));
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    await mustFail("a cancelled run", () => executable.run([], [storage], { signal: controller.signal }));
    expectEqual([...(await backend.read(storage))], [1], "after a cancelled run");
    await executable.run([], [storage], { signal: new AbortController().signal });
    expectEqual([...(await backend.read(storage))], [2], "after another run");
    executable.dispose();
    backend.free(storage);
  },

  "what was disposed refuses to be used": async ({ backend }) => {
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

  "values given are copied": async ({ backend }) => {
    const storage = backend.allocate(1);
    const values = floats(1);
    backend.write(storage, values);
    values[0] = 9;
    expectEqual([...(await backend.read(storage))], [1], "a variable");
    backend.free(storage);
  },
};
