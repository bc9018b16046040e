import { signal, useComputed, useSignal, useSignalEffect, type ReadonlySignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useRef } from "preact/hooks";
import type { NetInfo } from "./net.ts";
import type { Processor } from "./processor.ts";
import type { FromWorker, Job, Jobs, Machine, Outcome, Show, Shows, ToWorker } from "./protocol.ts";

/** State of the worker. */
export type ComputeStatus =
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string };

/** A running show of the worker. */
export interface Watching {
  /** Resolves when the show has ended or was stopped; to the problem, if there was one. */
  readonly ended: Promise<string | undefined>;
  stop(): void;
}

/** Callbacks of a show. */
interface Watcher {
  readonly onLook: (look: never) => void;
  readonly onEnd: (problem: string | undefined) => void;
}

/** The page's side of the worker that computes. */
export class Compute {
  readonly status: Signal<ComputeStatus> = signal<ComputeStatus>({ kind: "starting" });
  /** The net that panels inspect; `undefined` until one was requested. */
  readonly net: Signal<NetInfo | undefined> = signal<NetInfo | undefined>(undefined);
  readonly #worker: Worker;
  readonly #waiting: Map<number, (outcome: Outcome<never>) => void> = new Map();
  readonly #watchers: Map<number, Watcher> = new Map();
  #asked = 0;

  /** @param options - `allowSoftwareGraphics`: whether a software renderer may replace a graphics processor, for tests. */
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
   * Sends a job to the worker. A problem is an outcome like an answer; nothing is thrown. The promise stays pending if `signal`
   * cancels the job before the worker begins with it.
   */
  ask<J extends Job>(job: J, request: Jobs[J]["request"], signal?: AbortSignal): Promise<Outcome<Jobs[J]["answer"]>> {
    const id = this.#asked++;
    const outcome = new Promise<Outcome<Jobs[J]["answer"]>>((resolve) => this.#waiting.set(id, resolve));
    this.#send({ kind: "ask", id, job, request } as ToWorker);
    signal?.addEventListener("abort", () => this.#waiting.has(id) && this.#send({ kind: "cancel", id }));
    return outcome;
  }

  /** Starts a show: a job with intermediate results. */
  watch<S extends Show>(show: S, request: Shows[S]["request"], onLook: (look: Shows[S]["look"]) => void): Watching {
    const id = this.#asked++;
    const ended = new Promise<string | undefined>((onEnd) => this.#watchers.set(id, { onLook, onEnd }));
    this.#send({ kind: "watch", id, show, request } as ToWorker);
    return { ended, stop: () => this.#watchers.has(id) && this.#send({ kind: "cancel", id }) };
  }

  /** Prepares a processor while other jobs go on. Resolves to the problem, if there was one. */
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

/** The outcome of a job with its request. Everything is `undefined` before the first outcome. */
export interface Answered<J extends Job> {
  readonly request: Jobs[J]["request"] | undefined;
  readonly value: Jobs[J]["answer"] | undefined;
  readonly problem: string | undefined;
}

const answeredBy = <J extends Job>(request: Jobs[J]["request"], outcome: Outcome<Jobs[J]["answer"]>): Answered<J> => ({
  request,
  value: outcome.kind === "answer" ? outcome.value : undefined,
  problem: outcome.kind === "problem" ? outcome.text : undefined,
});

/** Whether two requests are the same: plain values, arrays and objects of those. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const [x, y] = [a, b] as unknown as [ArrayLike<number>, ArrayLike<number>];
    return x.length === y.length && Array.prototype.every.call(x, (value, i) => Object.is(value, y[i]));
  }
  const [x, y] = [a, b] as Record<string, unknown>[] as [Record<string, unknown>, Record<string, unknown>];
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((key) => isSame(x[key], y[key]));
}

/** A request, which changes only when its content does; and a place for its answer. */
function useRequest<J extends Job>(make: () => Jobs[J]["request"] | undefined) {
  const last = useRef<Jobs[J]["request"] | undefined>(undefined);
  const request = useComputed(() => {
    const now = make();
    if (!isSame(now, last.current)) last.current = now;
    return last.current;
  });
  const answered = useSignal<Answered<J>>({ request: undefined, value: undefined, problem: undefined });
  return { request, answered };
}

/**
 * The answer to the newest request; until it is there, the answer to the one before. A request that is overtaken before the worker
 * has begun with it is dropped, so that a slider never waits for the places that it has passed.
 *
 * @param make - Makes the request from signals; nothing is requested while it gives `undefined`.
 */
export function useAnswer<J extends Job>(
  job: J,
  make: () => Jobs[J]["request"] | undefined,
): ReadonlySignal<Answered<J>> {
  const compute = useCompute();
  const { request, answered } = useRequest<J>(make);
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
      answered.value = answeredBy(asked, outcome);
    });
    return () => controller.abort();
  });
  return answered;
}

/**
 * As {@link useAnswer}, for requests that change with every answer to another job, as those about a net in training do: each of
 * them would be overtaken. Here the newest request is sent when the last one was answered, so the answer is at most one behind.
 */
export function useSteadyAnswer<J extends Job>(
  job: J,
  make: () => Jobs[J]["request"] | undefined,
): ReadonlySignal<Answered<J>> {
  const compute = useCompute();
  const { request, answered } = useRequest<J>(make);
  const asking = useRef<{ wanted: Jobs[J]["request"] | undefined; isBusy: boolean }>({
    wanted: undefined,
    isBusy: false,
  });
  useSignalEffect(() => {
    const current = asking.current;
    current.wanted = request.value;
    if (current.isBusy) return;
    current.isBusy = true;
    void (async () => {
      while (current.wanted !== undefined) {
        const asked = current.wanted;
        current.wanted = undefined;
        answered.value = answeredBy(asked, await compute.ask(job, asked));
      }
      current.isBusy = false;
    })();
  });
  return answered;
}
