import type { Backend } from "./backend.ts";
import { UsageError } from "./errors.ts";

const isFunction = (value: unknown, name: string): boolean =>
  typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[name] === "function";

/**
 * Checks that a value is a backend, and not the promise of one.
 *
 * @param owner - The function that it was passed to; the error begins with it.
 * @throws {@link UsageError} where it is not a backend.
 *
 * @example
 * ```ts
 * checkBackend("useBackend", reference());
 * ```
 */
export function checkBackend(owner: string, backend: unknown): asserts backend is Backend {
  if (isFunction(backend, "compile")) return;
  const isPromise = isFunction(backend, "then");
  throw new UsageError({
    operation: owner,
    expected: "a backend",
    got: backend,
    gotWords: isPromise ? "the promise of one" : undefined,
    fix: `${isPromise ? "await it" : "make one"}: ${owner}(await cpu())`,
  });
}
