import type { Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import type { Processor } from "./processor.ts";

/** As many threads as this page may have: one where it may not share memory. */
export const threadsHere = (): number => (globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1);

const make: { readonly [P in Processor]: () => Promise<Backend> } = {
  all: () => cpu({ threads: threadsHere() }),
  one: () => (threadsHere() === 1 ? backendOf("all") : cpu({ threads: 1 })),
  reference: () => Promise.resolve(reference()),
};

const made = new Map<Processor, Promise<Backend>>();

/** The backend of a processor: made when it is first wanted, and again if that failed. */
export function backendOf(processor: Processor): Promise<Backend> {
  let backend = made.get(processor);
  if (backend === undefined) {
    made.set(processor, (backend = make[processor]()));
    backend.catch(() => made.delete(processor));
  }
  return backend;
}
