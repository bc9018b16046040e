import { BackendError, type Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu/lazy";
import { reference } from "@convlens/backend-reference";
import type { Processor } from "./processor.ts";

/** As many threads as this page may have: one where it may not share memory. */
export const threadsHere = (): number => (globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1);

let isSoftwareAllowed = false;
/** Lets a program stand in for a graphics processor: for tests, where there is none. */
export function allowSoftwareGraphics(): void {
  isSoftwareAllowed = true;
}

/** What graphics processors run, which no reader downloads who does not ask for it. */
async function graphics(): Promise<Backend> {
  const { gpu } = await import("@convlens/backend-gpu");
  return gpu({ allowSoftware: isSoftwareAllowed });
}

/** Why there is no graphics processor, for readers. */
function graphicsRefusal(error: unknown): Error {
  if (!(error instanceof BackendError))
    return new Error("What runs on graphics processors could not be loaded: it is fetched when it is first asked for.");
  const { got } = error.details;
  return new Error(`No graphics processor can compute here: ${Array.isArray(got) ? got.join("; ") : error.message}.`);
}

const make: { readonly [P in Processor]: () => Promise<Backend> } = {
  all: () => cpu({ threads: threadsHere() }),
  one: () => (threadsHere() === 1 ? backendOf("all") : cpu({ threads: 1 })),
  reference: () => Promise.resolve(reference()),
  graphics: () => graphics().catch((error: unknown) => Promise.reject(graphicsRefusal(error))),
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

/** Forgets a backend that has failed: the next that is wanted is another. */
export function forgetBackend(processor: Processor): void {
  made.delete(processor);
}
