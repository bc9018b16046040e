import { BackendError, type Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu/lazy";
import { reference } from "@convlens/backend-reference";
import { once } from "./once.ts";
import type { Processor } from "./processor.ts";

/** Threads of this page: one if it must not share memory. */
export const threadsHere = (): number => (globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1);

let isSoftwareAllowed = false;
/** Allows a software renderer in place of a graphics processor, for tests. */
export function allowSoftwareGraphics(): void {
  isSoftwareAllowed = true;
}

/** The backend for graphics processors, which is only downloaded when it is requested. */
async function graphics(): Promise<Backend> {
  const { gpu } = await import("@convlens/backend-gpu");
  return gpu({ allowSoftware: isSoftwareAllowed });
}

/** Why there is no graphics processor, as a sentence for the reader. */
function graphicsRefusal(error: unknown): Error {
  if (!(error instanceof BackendError))
    return new Error(
      "The backend for graphics processors could not be loaded. It is downloaded when it is first used.",
    );
  const { got } = error.details;
  return new Error(`No graphics processor can be used: ${Array.isArray(got) ? got.join("; ") : error.message}.`);
}

const make: { readonly [P in Processor]: () => Promise<Backend> } = {
  all: () => cpu({ threads: threadsHere() }),
  one: () => (threadsHere() === 1 ? backendOf("all") : cpu({ threads: 1 })),
  reference: () => Promise.resolve(reference()),
  graphics: () => graphics().catch((error: unknown) => Promise.reject(graphicsRefusal(error))),
};

const made = new Map<Processor, () => Promise<Backend>>();

/** The backend of a processor. */
export function backendOf(processor: Processor): Promise<Backend> {
  const get = made.get(processor) ?? once(make[processor]);
  made.set(processor, get);
  return get();
}

/** Forgets a backend that has failed, so that a new one is created. */
export function forgetBackend(processor: Processor): void {
  made.delete(processor);
}
