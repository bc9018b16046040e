import type { Instruction } from "../../program.ts";
import { add, expectEqual, floats, over, scalar, withVariables, type Behaviour } from "./setting.ts";

/** Variables, and how programs update them. */
export const updates: Behaviour = {
  "updates follow the last instruction, and runs follow the order of calls": async ({ backend }) => {
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

  "written values are copied": async ({ backend }) => {
    const [storage, values] = [backend.allocate(2), floats(1, 2)];
    backend.write(storage, values);
    values.fill(9);
    expectEqual([...(await backend.read(storage))], [1, 2], "what was written");
    backend.free(storage);
  },

  "an update whose value is not read again": async ({ backend }) => {
    const program = over(1, { feeds: [scalar], instructions: [add(0, 1)], updates: [{ variable: 0, value: 2 }] });
    const { after } = await withVariables(backend, [1], program, [[floats(1)], [floats(10)]]);
    expectEqual(after, [12], "v ← v + x");
  },

  "an old value that is read after the new one was computed": async ({ backend }) => {
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

  "updates with a reshape of another variable, and of a feed": async ({ backend }) => {
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
};
