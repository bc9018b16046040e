import { describe, expect, it } from "vitest";
import {
  aliases,
  firstInstruction,
  planMemory,
  Random,
  shapesOf,
  sizeOf,
  type Instruction,
  type Program,
  type Shape,
} from "../src/index.ts";

const shape = [5, 7];
/** A program of random instructions; some are reshapes, have a second result, or update variables. */
function randomProgram(seed: number): Program {
  const random = new Random(seed);
  const given = 4;
  const instructions: Instruction[] = [];
  for (let i = 0; i < 3 + random.integer(40); i++) {
    const input = (): number => Math.max(0, given + i - 1 - random.integer(7));
    // The second result of an earlier instruction.
    const several = instructions.flatMap(({ operation }, k) =>
      operation === "transpose" &&
      !instructions.some((other) => other.operation === "result" && other.inputs[0] === given + k)
        ? [given + k]
        : [],
    );
    const kind = random.next();
    const step =
      kind < 0.2
        ? ({ operation: "reshape", inputs: [input()], attributes: { shape }, shape } as const)
        : kind < 0.35 && several.length > 0
          ? ({
              operation: "result",
              inputs: [several[random.integer(several.length)]!],
              attributes: { index: 1 },
              shape,
            } as const)
          : ({
              operation: random.next() < 0.5 ? "add" : "transpose",
              inputs: [input(), input()],
              attributes: {},
              shape,
            } as const);
    instructions.push(step);
  }
  const values = aliases({
    feeds: [shape, shape],
    variables: [shape, shape],
    constants: [],
    instructions,
    outputs: [],
    updates: [],
  });
  const made = values.flatMap((root, value) => (root >= given ? [value] : []));
  return {
    feeds: [shape, shape],
    variables: [shape, shape],
    constants: [],
    instructions,
    outputs: [random.integer(given + instructions.length), random.integer(given + instructions.length)],
    updates:
      made.length === 0 ? [] : [0, 1].map((variable) => ({ variable, value: made[random.integer(made.length)]! })),
  };
}

describe("the memory plan", () => {
  it("gives different places to values that are needed at the same time", () => {
    for (let seed = 0; seed < 500; seed++) {
      const p = randomProgram(seed);
      const { places, copies, peak, sum } = planMemory(p);
      const first = firstInstruction(p);
      const roots = aliases(p);
      const size = (value: number): number => Math.ceil(sizeOf(shapesOf(p)[value]!) / 16) * 16;
      expect(peak).toBeLessThanOrEqual(sum);
      // The value at each place of the arena and in each variable while the program runs.
      const arena = new Map<number, number>();
      const variables = p.variables.map((_, i) => p.feeds.length + i);
      const write = (value: number): void => {
        const place = places[value]!;
        if (place.in === "arena") for (let k = 0; k < size(value); k++) arena.set(place.offset + k, value);
        if (place.in === "variable") variables[place.index] = value;
        if (place.in === "arena") expect(place.offset + size(value)).toBeLessThanOrEqual(peak);
      };
      const check = (value: number): void => {
        const root = roots[value]!;
        const place = places[value]!;
        if (place.in === "arena")
          for (let k = 0; k < size(root); k++) expect(arena.get(place.offset + k), `seed ${seed}`).toBe(root);
        if (place.in === "variable") expect(variables[place.index], `seed ${seed}`).toBe(root);
      };
      p.feeds.forEach((_, value) => write(value));
      p.instructions.forEach((step, i) => {
        // A second result is written together with the first.
        if (step.operation === "result") return;
        step.inputs.forEach(check);
        const results = p.instructions.flatMap(({ operation, inputs }, k) =>
          operation === "result" && inputs[0] === first + i ? [first + k] : [],
        );
        for (const value of [first + i, ...results]) {
          // No input may be read while its memory is written, except the same element.
          if (step.operation === "transpose")
            for (const input of step.inputs) expect(places[input]).not.toEqual(places[value]);
          if (roots[value] === value) write(value);
        }
        if (results.length > 0) [first + i, ...results].forEach(check);
      });
      p.outputs.forEach(check);
      copies.forEach(({ value }) => check(value));
      // Values that are not copied exist already.
      for (const { variable, value } of p.updates)
        if (!copies.some((each) => each.variable === variable))
          expect(variables[variable], `seed ${seed}`).toBe(roots[value]);
    }
  });

  /** Fifty instructions, each on the result of the previous one. */
  const chainOf = (step: Omit<Instruction, "inputs">): Program => ({
    feeds: [[16]],
    variables: [],
    constants: [],
    instructions: Array.from({ length: 50 }, (_, i): Instruction => ({ ...step, inputs: [i] })),
    outputs: [50],
    updates: [],
  });

  it("reuses memory: a chain of any length takes two places, an elementwise chain one", () => {
    const flip = { operation: "slice", attributes: { begin: [15], step: [-1], shape: [16] }, shape: [16] } as const;
    const slices = planMemory(chainOf(flip));
    expect([slices.peak, slices.sum]).toEqual([32, 51 * 16]);
    const exp = chainOf({ operation: "exp", attributes: {}, shape: [16] });
    expect([planMemory(exp).peak, planMemory(exp).sum]).toEqual([16, 51 * 16]);
    expect(planMemory(exp, { inPlace: false }).peak).toBe(32);
  });

  it("overwrites an input that is not read again, has the shape of the result, and is not another input as well", () => {
    const isOver = (shape: Shape, inputs: number[], outputs: number[]): boolean => {
      const { places } = planMemory({
        feeds: [[4, 4], [4]],
        variables: [],
        constants: [],
        instructions: [
          { operation: "reshape", inputs: [0], attributes: { shape: [1, 4, 4] }, shape: [1, 4, 4] },
          { operation: "pointwise", inputs, attributes: { steps: [] }, shape },
        ],
        outputs,
        updates: [],
      });
      return JSON.stringify(places[3]) === JSON.stringify(places[0]);
    };
    expect(isOver([4, 4], [0, 1], [3])).toBe(true);
    expect(isOver([4, 4], [0, 1], [0, 3])).toBe(false);
    expect(isOver([1, 4, 4], [0, 1], [3])).toBe(false);
    expect(isOver([1, 4, 4], [2, 1], [3])).toBe(true);
    expect(isOver([1, 4, 4], [2, 0], [3])).toBe(false);
  });

  it("computes an update in the variable's own memory, unless that is read later or the update is not elementwise", () => {
    const update = (operation: "add" | "matmul", later: boolean): number =>
      planMemory({
        feeds: [[2, 2]],
        variables: [[2, 2]],
        constants: [],
        instructions: [
          { operation, inputs: [0, 1], attributes: { transposeA: false, transposeB: false }, shape: [2, 2] },
          { operation: "add", inputs: [later ? 1 : 0, 2], attributes: {}, shape: [2, 2] },
        ],
        outputs: [3],
        updates: [{ variable: 0, value: 2 }],
      }).copies.length;
    expect([update("add", false), update("add", true), update("matmul", false)]).toEqual([0, 1, 1]);
  });

  it("refuses an update from the variable's own memory", () => {
    const swap: Program = {
      feeds: [],
      variables: [[1], [1]],
      constants: [],
      instructions: [],
      outputs: [],
      updates: [{ variable: 0, value: 1 }],
    };
    expect(() => planMemory(swap)).toThrowErrorMatchingInlineSnapshot(
      `[BackendError: a program updates variable 0 with the memory of variable 1, which may change earlier; copy it by an instruction]`,
    );
  });
});
