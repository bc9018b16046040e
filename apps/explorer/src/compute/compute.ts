import { signal, useComputed, useSignal, useSignalEffect, type ReadonlySignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useRef } from "preact/hooks";
import type { NetInfo } from "./net.ts";
import type { Processor } from "./processor.ts";
import type { Painted } from "./painting.ts";
import type { AnswerOf, FromWorker, Job, Machine, Outcome, RequestOf, ToWorker } from "./protocol.ts";

/** State of the worker. */
export type ComputeStatus =
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string };

/** Options of a job. */
export interface AskOptions {
  /** Cancels the job if the worker has not begun with it, or if it runs beside others. */
  readonly signal?: AbortSignal;
  /** Called with each intermediate result. */
  readonly onLook?: (look: Painted) => void;
}

/** A job whose outcome is awaited. */
interface Waiting extends Pick<AskOptions, "onLook"> {
  readonly onOutcome: (outcome: Outcome<never>) => void;
}

/** The page's side of the worker that computes. */
export class Compute {
  readonly status: Signal<ComputeStatus> = signal<ComputeStatus>({ kind: "starting" });
  /** The net that panels inspect; `undefined` until one was requested. */
  readonly net: Signal<NetInfo | undefined> = signal<NetInfo | undefined>(undefined);
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting> = new Map();
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
   * Sends a job to the worker. A problem is an outcome like an answer; nothing is thrown. The promise of a cancelled job stays pending.
   */
  ask<J extends Job>(
    job: J,
    request: RequestOf<J>,
    { signal, onLook }: AskOptions = {},
  ): Promise<Outcome<AnswerOf<J>>> {
    const id = this.#asked++;
    const outcome = new Promise<Outcome<AnswerOf<J>>>((onOutcome) =>
      this.#waiting.set(id, { onOutcome, ...(onLook && { onLook }) }),
    );
    this.#send({ kind: "ask", id, job, request });
    signal?.addEventListener("abort", () => this.#waiting.has(id) && this.#send({ kind: "cancel", id }));
    return outcome;
  }

  /** Prepares a processor while other jobs go on. Resolves to the problem, if there was one. */
  async prepare(processor: Processor): Promise<string | undefined> {
    const outcome = await this.ask("prepare", { processor });
    return outcome.kind === "problem" ? outcome.text : undefined;
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
        this.#waiting.get(message.id)?.onLook?.(message.look);
        break;
      case "dropped":
        this.#waiting.delete(message.id);
        break;
      case "outcome":
        this.#waiting.get(message.id)?.onOutcome(message.outcome as Outcome<never>);
        this.#waiting.delete(message.id);
        break;
    }
  }
}

/** The worker of the page. */
export const ComputeContext = createContext<Compute | undefined>(undefined);

/** The worker, in a component. */
export function useCompute(): Compute {
  const compute = useContext(ComputeContext);
  if (compute === undefined) throw new Error("A component that computes needs a ComputeContext above it.");
  return compute;
}

/** The outcome of a job with its request. Everything is `undefined` before the first outcome. */
export interface Answered<J extends Job> {
  readonly request: RequestOf<J> | undefined;
  readonly value: AnswerOf<J> | undefined;
  readonly problem: string | undefined;
}

const answeredBy = <J extends Job>(request: RequestOf<J>, outcome: Outcome<AnswerOf<J>>): Answered<J> => ({
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
function useRequest<J extends Job>(make: () => RequestOf<J> | undefined) {
  const last = useRef<RequestOf<J> | undefined>(undefined);
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
export function useAnswer<J extends Job>(job: J, make: () => RequestOf<J> | undefined): ReadonlySignal<Answered<J>> {
  const compute = useCompute();
  const { request, answered } = useRequest<J>(make);
  const asking = useRef(0);
  const shown = useRef(0);
  useSignalEffect(() => {
    const asked = request.value;
    if (asked === undefined) return;
    const mine = ++asking.current;
    const controller = new AbortController();
    void compute.ask(job, asked, { signal: controller.signal }).then((outcome) => {
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
  make: () => RequestOf<J> | undefined,
): ReadonlySignal<Answered<J>> {
  const compute = useCompute();
  const { request, answered } = useRequest<J>(make);
  const wanted = useRef<RequestOf<J> | undefined>(undefined);
  const isBusy = useRef(false);
  useSignalEffect(() => {
    wanted.current = request.value;
    if (isBusy.current) return;
    isBusy.current = true;
    void (async () => {
      for (let asked = wanted.current; asked !== undefined; asked = wanted.current) {
        wanted.current = undefined;
        answered.value = answeredBy(asked, await compute.ask(job, asked));
      }
      isBusy.current = false;
    })();
  });
  return answered;
}
