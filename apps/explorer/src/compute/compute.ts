import { signal, useSignal, useSignalEffect, type ReadonlySignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { FromWorker, Job, Jobs, Machine, Outcome, ToWorker } from "./protocol.ts";

/** How far the worker is. */
export type ComputeStatus =
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string };

/** The page's end of the worker that computes. */
export class Compute {
  readonly status: Signal<ComputeStatus> = signal<ComputeStatus>({ kind: "starting" });
  readonly #worker: Worker;
  readonly #waiting: Map<number, (outcome: Outcome<never>) => void> = new Map();
  #asked = 0;

  constructor() {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "compute" });
    this.#worker.addEventListener("message", ({ data }: { readonly data: FromWorker }) => this.#receive(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.status.value = { kind: "failed", text: event.message || "the worker could not be loaded" };
    });
  }

  /** Asks the worker. A problem is an outcome like an answer; nothing is thrown. */
  ask<J extends Job>(job: J, request: Jobs[J]["request"]): Promise<Outcome<Jobs[J]["answer"]>> {
    const id = this.#asked++;
    const outcome = new Promise<Outcome<Jobs[J]["answer"]>>((resolve) => this.#waiting.set(id, resolve));
    this.#send({ kind: "ask", id, job, request } as ToWorker);
    return outcome;
  }

  #send(message: ToWorker): void {
    // A worker has no origin.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        this.status.value = { kind: "ready", machine: message.machine };
        break;
      case "failed":
        this.status.value = { kind: "failed", text: message.text };
        break;
      case "outcome":
        this.#waiting.get(message.id)?.(message.outcome as Outcome<never>);
        this.#waiting.delete(message.id);
        break;
    }
  }
}

/** The worker of the page. */
export const ComputeContext: ReturnType<typeof createContext<Compute | undefined>> = createContext<Compute | undefined>(
  undefined,
);

/** The worker, in a component. */
export function useCompute(): Compute {
  const compute = useContext(ComputeContext);
  if (compute === undefined) throw new Error("A component that computes needs a ComputeContext above it.");
  return compute;
}

/** An outcome with the request that it is of. */
export interface Answered<J extends Job> {
  readonly request: Jobs[J]["request"];
  readonly outcome: Outcome<Jobs[J]["answer"]>;
}

/** What the worker says to the newest request; the answer to the one before, until it does. */
export function useAnswer<J extends Job>(
  job: J,
  request: ReadonlySignal<Jobs[J]["request"] | undefined>,
): ReadonlySignal<Answered<J> | undefined> {
  const compute = useCompute();
  const answered = useSignal<Answered<J> | undefined>(undefined);
  useSignalEffect(() => {
    const asked = request.value;
    if (asked === undefined) return;
    let isNewest = true;
    void compute.ask(job, asked).then((outcome) => {
      if (isNewest) answered.value = { request: asked, outcome };
    });
    return () => {
      isNewest = false;
    };
  });
  return answered;
}
