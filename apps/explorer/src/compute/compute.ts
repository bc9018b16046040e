import { signal, useSignal, useSignalEffect, type ReadonlySignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useRef } from "preact/hooks";
import type { NetInfo } from "./net.ts";
import type { Processor } from "./processor.ts";
import type { FromWorker, Job, Jobs, Machine, Outcome, Show, Shows, ToWorker } from "./protocol.ts";

/** How far the worker is. */
export type ComputeStatus =
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string };

/** Something that is being watched. */
export interface Watching {
  /** When it is over: by itself, stopped, or with a problem, which it gives. */
  readonly ended: Promise<string | undefined>;
  stop(): void;
}

/** Who waits for what the worker shows. */
interface Watcher {
  readonly onLook: (look: never) => void;
  readonly onEnd: (problem: string | undefined) => void;
}

/** The page's end of the worker that computes. */
export class Compute {
  readonly status: Signal<ComputeStatus> = signal<ComputeStatus>({ kind: "starting" });
  /** The net that panels look into; `undefined` until one has been asked for. */
  readonly net: Signal<NetInfo | undefined> = signal<NetInfo | undefined>(undefined);
  readonly #worker: Worker;
  readonly #waiting: Map<number, (outcome: Outcome<never>) => void> = new Map();
  readonly #watchers: Map<number, Watcher> = new Map();
  #asked = 0;

  /** @param options - Whether a program may stand in for a graphics processor: for tests. */
  constructor({ allowSoftwareGraphics = false }: { readonly allowSoftwareGraphics?: boolean } = {}) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "compute" });
    this.#worker.addEventListener("message", ({ data }: { readonly data: FromWorker }) => this.#receive(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.status.value = { kind: "failed", text: event.message || "the worker could not be loaded" };
    });
    if (allowSoftwareGraphics) this.#send({ kind: "allowSoftwareGraphics" });
  }

  /**
   * Asks the worker. A problem is an outcome like an answer; nothing is thrown. Without an outcome stays only what `signal` has
   * cancelled before the worker began with it.
   */
  ask<J extends Job>(job: J, request: Jobs[J]["request"], signal?: AbortSignal): Promise<Outcome<Jobs[J]["answer"]>> {
    const id = this.#asked++;
    const outcome = new Promise<Outcome<Jobs[J]["answer"]>>((resolve) => this.#waiting.set(id, resolve));
    this.#send({ kind: "ask", id, job, request } as ToWorker);
    signal?.addEventListener("abort", () => this.#waiting.has(id) && this.#send({ kind: "cancel", id }));
    return outcome;
  }

  /** Watches the worker at something that takes a while. */
  watch<S extends Show>(show: S, request: Shows[S]["request"], onLook: (look: Shows[S]["look"]) => void): Watching {
    const id = this.#asked++;
    const ended = new Promise<string | undefined>((onEnd) => this.#watchers.set(id, { onLook, onEnd }));
    this.#send({ kind: "watch", id, show, request } as ToWorker);
    return { ended, stop: () => this.#watchers.has(id) && this.#send({ kind: "cancel", id }) };
  }

  /** Gets a processor ready, beside all that is asked; what was in the way. */
  prepare(processor: Processor): Promise<string | undefined> {
    return this.watch("prepare", { processor }, () => undefined).ended;
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
      case "net":
        this.net.value = message.net;
        break;
      case "look":
        this.#watchers.get(message.id)?.onLook(message.look as never);
        break;
      case "ended":
        this.#watchers.get(message.id)?.onEnd(message.problem);
        this.#watchers.delete(message.id);
        break;
      case "dropped":
        this.#waiting.delete(message.id);
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

/**
 * What the worker says to the newest request; the answer to one before, until it does. A request that a newer one overtakes before
 * the worker has begun with it is dropped, so that a slider never has to wait for all places that it has passed.
 */
export function useAnswer<J extends Job>(
  job: J,
  request: ReadonlySignal<Jobs[J]["request"] | undefined>,
): ReadonlySignal<Answered<J> | undefined> {
  const compute = useCompute();
  const answered = useSignal<Answered<J> | undefined>(undefined);
  const asking = useRef(0);
  const shown = useRef(0);
  useSignalEffect(() => {
    const asked = request.value;
    if (asked === undefined) return;
    const mine = ++asking.current;
    const controller = new AbortController();
    void compute.ask(job, asked, controller.signal).then((outcome) => {
      if (mine < shown.current) return;
      shown.current = mine;
      answered.value = { request: asked, outcome };
    });
    return () => controller.abort();
  });
  return answered;
}
