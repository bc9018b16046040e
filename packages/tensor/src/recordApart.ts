import { Recording, session } from "./session.ts";
import { Tensor } from "./tensor.ts";

/**
 * Records what `work` records in a recording of its own, as in a compiled function, and drops what it assigns. For looking at
 * what a model would do, such as in training: nothing is computed, and no variable changes.
 *
 * @example
 * ```ts
 * const count = new Variable([0], []);
 * recordApart(() => count.assign(add(count, 1)));
 * await count.item(); // 0
 * ```
 */
export function recordApart<T>(work: () => T): T {
  const outer = session.compiling;
  session.compiling = new Recording((recording) => new Tensor([2], { kind: "feed", recording }));
  try {
    return work();
  } finally {
    session.compiling = outer;
  }
}
