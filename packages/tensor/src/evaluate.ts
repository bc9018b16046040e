import { checkBackend, turn, UsageError, type Backend, type Executable, type Values } from "@convlens/backend";
import { assemble } from "./assemble.ts";
import { operand, type Operand } from "./record.ts";
import { currentBackend, Recording, session } from "./session.ts";
import { structureOf } from "./structure.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/** Number of programs kept for each backend: enough for interactive use, few enough to bound their memory. */
const KEPT = 64;
const caches = /* @__PURE__ */ new WeakMap<Backend, Map<string, Executable>>();

/** Returns the backend that a computation runs on: that of its variables, else the chosen one. */
export function backendFor(variables: Iterable<Variable>): Backend {
  for (const { backend } of variables) if (backend !== undefined) return backend;
  return currentBackend();
}

/** Returns the program of this structure on this backend, from a cache that evicts the least recently used one. */
function executableFor(backend: Backend, key: string, make: () => Executable): Executable {
  let cache = caches.get(backend);
  if (cache === undefined) caches.set(backend, (cache = new Map()));
  const executable = cache.get(key) ?? make();
  cache.delete(key);
  cache.set(key, executable);
  if (cache.size > KEPT) {
    const [oldest] = cache.keys();
    cache.get(oldest!)!.dispose();
    cache.delete(oldest!);
  }
  return executable;
}

/**
 * Computes tensors together, with shared work done once, and performs the assignments recorded so far.
 *
 * @returns New arrays of the values of each, row-major: `Float32Array`, or `Float64Array` from a backend of that precision.
 *
 * @example
 * ```ts
 * const [a, b] = await evaluate(add(x, 1), multiply(x, 2));
 * ```
 */
export function evaluate<const Tensors extends readonly Operand[]>(
  ...tensors: Tensors
): Promise<{ -readonly [I in keyof Tensors]: Values }>;
export async function evaluate(...tensors: readonly Operand[]): Promise<Values[]> {
  if (session.compiling !== undefined)
    throw new UsageError({
      problem: "values do not exist while a function is being compiled",
      fix: "return the tensor from it, and read it outside",
    });
  const roots = tensors.map(operand);
  const { updates } = session.open;
  if (updates.size > 0 || roots.some((t) => t.known === undefined)) await run(roots, updates);
  // No backend is needed here.
  else await turn();
  return roots.map((t) => t.present().slice());
}

async function run(roots: readonly Tensor[], updates: ReadonlyMap<Variable, Tensor>): Promise<void> {
  // A recording that fails is dropped, not repeated.
  session.open = new Recording();
  const { key, leaves, variables } = structureOf(roots, updates);
  const backend = backendFor(variables);
  const storages = variables.map((variable) => variable.memory(backend));
  const executable = executableFor(backend, key, () =>
    backend.compile(assemble({ outputs: roots, updates, feeds: leaves, variables }, backend)),
  );
  for (const variable of updates.keys()) variable.written();
  const values = await executable.run(
    leaves.map((t) => t.known!),
    storages,
  );
  roots.forEach((t, i) => (t.known ??= values[i]!));
}

/**
 * Chooses the backend that computes tensors and holds new variables. Existing variables stay on their backend.
 *
 * @throws `UsageError` for a value that is not a backend, such as the promise of one.
 *
 * @example
 * ```ts
 * useBackend(reference());
 * ```
 */
export function useBackend(backend: Backend): void {
  checkBackend("useBackend", backend);
  session.backend = backend;
  session.evaluate = (tensors) => evaluate(...tensors);
}
