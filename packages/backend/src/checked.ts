import type { Backend } from "./backend.ts";
import { checkBackend } from "./checkBackend.ts";
import { BackendError } from "./errors.ts";
import { firstInstruction, type Program, type Values } from "./program.ts";
import { showShape, type Shape } from "./shape.ts";
import { traitsOf } from "./traits.ts";

/**
 * Wraps a backend to find the origin of NaN and infinity. It also checks every intermediate value, and its error names the
 * first one that was not finite and reached a result: the operation, the layer that recorded it, whether that was in the forward
 * pass, the backward pass or an update, and, where call sites are captured, the line. It is slow, since each value is read back.
 *
 * @throws {@link BackendError} from a run whose results are not all finite; its details have `operation`, `path` and `direction`,
 * and from `fit` the `step`.
 *
 * @example
 * ```ts
 * useBackend(checked(reference())); // then make the model, and train it
 * try {
 *   for await (const record of fit(sequential([new Flatten(), new Dense({ units: 4 })]), train, { rate: 1e38, onNaN: "continue" })) record.step;
 * } catch (error) {
 *   console.log((error as Error).message); // step 2: layers.1 (Dense), forward: matmul: element 0 of [32, 4] must be finite, got Infinity
 * }
 * ```
 */
export function checked(backend: Backend): Backend {
  checkBackend("checked", backend);
  return {
    name: `checked ${backend.name}`,
    precision: backend.precision,
    // A fused kernel would hide which of its operations is the origin.
    supports: (operation) => traitsOf(operation).kind !== "fusion" && backend.supports(operation),
    mostInputs: backend.mostInputs,
    allocate: (length) => backend.allocate(length),
    write: (storage, values) => backend.write(storage, values),
    read: (storage) => backend.read(storage),
    free: (storage) => backend.free(storage),
    memory: () => backend.memory(),
    dispose: () => backend.dispose(),
    compile(p: Program) {
      const first = firstInstruction(p);
      const constants = p.feeds.length + p.variables.length;
      const variables = p.variables.map((_, i) => p.feeds.length + i);
      const between = p.instructions.map((_, i) => first + i);
      const whole = backend.compile({ ...p, outputs: [...p.outputs, ...variables, ...between] });
      return {
        memory: whole.memory,
        dispose: () => whole.dispose(),
        async run(feeds, storages, options) {
          const results = await whole.run(feeds, storages, options);
          const seen = results.splice(p.outputs.length);
          const valueOf = (value: number): Values | undefined =>
            value < p.feeds.length
              ? feeds[value]
              : value < constants
                ? seen[value - p.feeds.length]
                : value < first
                  ? undefined
                  : seen[variables.length + value - first];
          const source = firstSource(p, valueOf);
          if (source !== undefined) throw notFinite(p, source, valueOf(source)!);
          return results;
        },
      };
    },
  };
}

const isBad = (x: number): boolean => !Number.isFinite(x);

/**
 * Finds the first value that is not finite although all its inputs are, among the values that lead to a result that is not
 * finite. Constants may hold infinities on purpose, and a value that reaches no result does no harm.
 */
function firstSource(p: Program, valueOf: (value: number) => Values | undefined): number | undefined {
  const first = firstInstruction(p);
  const bad = (value: number): boolean => valueOf(value)?.some(isBad) ?? false;
  const waiting = [...p.outputs, ...p.updates.map(({ value }) => value)].filter(bad);
  const met = new Set(waiting);
  let source: number | undefined;
  // Causes are appended as they are met.
  for (const value of waiting) {
    const causes = (p.instructions[value - first]?.inputs ?? []).filter(bad);
    if (causes.length === 0) source = Math.min(source ?? Infinity, value);
    for (const cause of causes)
      if (!met.has(cause)) {
        met.add(cause);
        waiting.push(cause);
      }
  }
  return source;
}

/** Returns the name of the variable whose new value is computed from this one. */
function updatedBy(p: Program, source: number): string | undefined {
  const first = firstInstruction(p);
  const reached = new Set([source]);
  p.instructions.forEach((step, i) => {
    if (step.inputs.some((value) => reached.has(value))) reached.add(first + i);
  });
  const update = p.updates.find(({ value }) => reached.has(value));
  return update && p.variableNames?.[update.variable];
}

function notFinite(p: Program, source: number, values: Values): BackendError {
  const first = firstInstruction(p);
  const at = values.findIndex(isBad);
  const found = (shape: Shape, before = "", after = "") => ({
    what: `element ${at} of ${before}${showShape(shape)}${after}`,
    expected: "finite",
    got: values[at],
  });
  const step = p.instructions[source - first];
  if (step !== undefined) {
    const { operation, shape, site, scope } = step;
    const path = scope?.path ?? (scope?.direction === "update" ? updatedBy(p, source) : undefined);
    return new BackendError({
      operation,
      path,
      direction: scope?.direction,
      ...found(shape, "", site === undefined ? "" : ` (${site})`),
    });
  }
  const feed = p.feeds[source];
  if (feed !== undefined) return new BackendError(found(feed, `argument ${source} `));
  const variable = source - p.feeds.length;
  const path = p.variableNames?.[variable] ?? `variable ${variable}`;
  return new BackendError({ path, ...found(p.variables[variable]!) });
}
