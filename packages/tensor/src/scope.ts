import type { Scope } from "@convlens/backend";
import { session } from "./session.ts";

/** The part of a model that is being recorded: a layer, and a direction. */
export const currentScope = (): Scope | undefined => session.scope;

/** Runs `work` within a scope, which everything that it records keeps: errors about values then name the layer and the direction. */
export function within<T>(scope: Scope | undefined, work: () => T): T {
  const before = session.scope;
  session.scope = scope;
  try {
    return work();
  } finally {
    session.scope = before;
  }
}
