import type { Scope } from "@convlens/backend";
import { session } from "./session.ts";

/** Records what `work` records under a scope: who looks for a NaN is told the layer and the direction. */
export function within<T>(scope: Scope | undefined, work: () => T): T {
  const before = session.scope;
  session.scope = scope;
  try {
    return work();
  } finally {
    session.scope = before;
  }
}
