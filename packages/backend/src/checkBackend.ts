import type { Backend } from "./backend.ts";
import { UsageError } from "./errors.ts";
import { show } from "./options.ts";

const isFunction = (value: unknown, name: string): boolean =>
  typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[name] === "function";

/**
 * Checks that a value is a backend, and not the promise of one.
 *
 * @param owner - The function that was given it; the error begins with it.
 * @throws `UsageError` where it is not.
 *
 * @example
 * ```ts
 * checkBackend("useBackend", reference());
 * ```
 */
export function checkBackend(owner: string, backend: unknown): asserts backend is Backend {
  if (isFunction(backend, "compile")) return;
  const isPromise = isFunction(backend, "then");
  const fix = `${owner}(await cpu())`;
  throw new UsageError(
    `${owner}: expected a backend, got ${isPromise ? "the promise of one; await it" : `${show(backend)}; make one`}: ${fix}`,
    { operation: owner, expected: "a backend", got: backend, fix },
  );
}
