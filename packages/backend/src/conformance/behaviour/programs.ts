import type { Program } from "../../program.ts";
import { sizeOf, type Shape } from "../../shape.ts";
import { mustFail, runOnce } from "../compare.ts";
import { Dice } from "../dice.ts";
import { programOf } from "../writer.ts";
import { add, expectEqual, floats, over, sameAsReference, type Behaviour } from "./setting.ts";

/** Runs of programs. */
export const programs: Behaviour = {
  "a timed run reports every instruction, and computes the same": async ({ backend }) => {
    const shape = [2, 3];
    const program = programOf([shape], (write, [x]) => {
      const doubled = write("add", [x, x], {}, shape);
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

  "feeds, constants and reshapes can be outputs, also twice": async ({ backend }) => {
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
};
