import type { Backend } from "./backend.ts";
import { BackendError } from "./errors.ts";
import { describeInstruction, firstInstruction, type Program } from "./program.ts";

/**
 * For hunting a NaN: a backend that also looks at every value in between, and names the first operation (and, where call
 * sites are captured, the line) that made a NaN or an infinity. Slow: each value is read back.
 *
 * @throws {@link BackendError} from a run that makes a number that is not finite.
 */
export const checked = (backend: Backend): Backend => ({
  name: `checked ${backend.name}`,
  precision: backend.precision,
  // What is joined to a chain could not be looked at.
  supports: (operation) => !operation.startsWith("pointwise") && backend.supports(operation),
  mostInputs: backend.mostInputs,
  allocate: (length) => backend.allocate(length),
  write: (storage, values) => backend.write(storage, values),
  read: (storage) => backend.read(storage),
  free: (storage) => backend.free(storage),
  memory: () => backend.memory(),
  dispose: () => backend.dispose(),
  compile(p: Program) {
    const first = firstInstruction(p);
    const between = p.instructions.map((_, i) => first + i);
    const whole = backend.compile({ ...p, outputs: [...p.outputs, ...between] });
    return {
      memory: whole.memory,
      dispose: () => whole.dispose(),
      async run(feeds, variables, options) {
        const values = await whole.run(feeds, variables, options);
        values.splice(p.outputs.length).forEach((made, i) => {
          const at = made.findIndex((x) => !Number.isFinite(x));
          if (at < 0) return;
          const step = p.instructions[i]!;
          throw new BackendError(`${describeInstruction(step)} made ${made[at]} at element ${at}`, {
            operation: step.operation,
            expected: "finite numbers",
            got: made[at],
          });
        });
        return values;
      },
    };
  },
});
