import { Recording, session } from "./session.ts";
import { Tensor } from "./tensor.ts";

/**
 * Calls `work` with a separate recording, as in a compiled function, and drops its assignments. It shows what a model would do,
 * for example in training: nothing is computed, and no variable changes.
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
