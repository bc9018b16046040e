/**
 * Tests of a backend: every operation over random shapes against the reference, and the behaviour of programs, variables and
 * memory.
 *
 * @module
 */
import type { Backend } from "../backend.ts";
import { ValueError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Operations } from "../operations.ts";
import { anyOption, checkOptions, functionOption, numberFrom, wholeFrom } from "../options.ts";
import { sizeOf } from "../shape.ts";
import { behaviour } from "./behaviour.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases.ts";
import { compare, runOnce } from "./compare.ts";
import { Dice } from "./dice.ts";
import { programOf } from "./writer.ts";

/** A test that is skipped, and the reason. */
export interface Skip {
  /** An operation, or the name of a test. */
  readonly test: string;
  readonly reason: string;
}

/** Options of {@link conformance}. */
export interface ConformanceOptions {
  /** Function of the test runner. */
  readonly describe: (name: string, body: () => void) => void;
  /** Function of the test runner. */
  readonly it: (name: string, body: () => Promise<void>) => void;
  /** Makes the backend to compare with: `reference({ precision: "float64" })`. */
  readonly reference: () => Backend;
  /** Number of random cases for each operation. Default: 20. */
  readonly rounds?: number;
  /** Tolerance: a value x may differ by this times 1 + |x|. Default: 1e-5. */
  readonly tolerance?: number;
  /** Tests that this backend does not pass, each with a reason. */
  readonly skip?: readonly Skip[];
}

/**
 * Declares the tests that every backend must pass.
 *
 * @throws `ValueError` for an unknown option, a wrong value, or the name of a test that does not exist.
 *
 * @example
 * ```ts
 * import { describe, it } from "vitest";
 * conformance(() => myBackend(), { describe, it, reference });
 * ```
 */
export function conformance(makeBackend: () => Backend | Promise<Backend>, options: ConformanceOptions): void {
  checkOptions("conformance", options, {
    describe: functionOption,
    it: functionOption,
    reference: functionOption,
    rounds: wholeFrom(1),
    tolerance: numberFrom(0),
    skip: anyOption,
  });
  const { describe, it, reference, rounds = 20, tolerance = 1e-5, skip = [] } = options;
  const names = Object.keys({ ...cases, ...behaviour });
  for (const { test } of skip) {
    if (names.includes(test)) continue;
    const near = nearest(test, names);
    throw new ValueError({
      operation: "conformance",
      problem: `there is no test "${test}" to skip`,
      fix: near === undefined ? `tests are ${names.join(", ")}` : `did you mean "${near}"?`,
    });
  }
  const test = (name: string, body: (backend: Backend) => Promise<void>): void => {
    const skipped = skip.find((each) => each.test === name);
    if (skipped !== undefined) return it(`${name} (skipped: ${skipped.reason})`, async () => undefined);
    it(name, async () => {
      const backend = await makeBackend();
      try {
        await body(backend);
      } finally {
        backend.dispose();
      }
    });
  };

  describe("each operation agrees with the reference", () => {
    for (const operation of Object.keys(cases) as (keyof typeof cases)[])
      test(operation, async (backend) => {
        for (let round = 0; round < rounds; round++) {
          const dice = new Dice(round);
          const made: Case<Operations[typeof operation]> = cases[operation](dice);
          // The backend is never given a composite that it does not support.
          if (made.meaning !== undefined && !backend.supports(operation)) return;
          if (operation.startsWith("pointwise") && made.inputs.length > (backend.mostInputs ?? 8)) continue;
          const feeds = made.inputs.map((shape, input) =>
            Float32Array.from({ length: sizeOf(shape) }, () => made.number?.(dice, input) ?? 4 * dice.unit() - 2),
          );
          const program = programOf(made.inputs, (write, values) => [
            write(operation, values, made.attributes, made.output),
          ]);
          const { meaning } = made;
          const oracle =
            meaning === undefined ? program : programOf(made.inputs, (write, values) => [meaning(write, values)]);
          const other = reference();
          const [got, want] = [await runOnce(backend, program, feeds), await runOnce(other, oracle, feeds)];
          other.dispose();
          compare(
            got[0]!,
            want[0]!,
            tolerance,
            `${operation}, round ${round}, ${JSON.stringify({ ...made, number: undefined })}`,
          );
        }
      });
  });

  describe("programs, variables and memory", () => {
    for (const [name, check] of Object.entries(behaviour))
      test(name, async (backend) => check({ backend, reference: reference(), tolerance, rounds }));
  });
}
