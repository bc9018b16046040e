import { execute } from "./execute.ts";

// Differences between Node, pages, and workers of pages.

/** The part of node:worker_threads that is used here. */
interface NodeWorkers {
  readonly Worker: new (
    source: string,
    options: { eval: true; execArgv: string[] },
  ) => {
    on(event: "message", listener: (message: unknown) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    on(event: "exit", listener: (code: number) => void): void;
    postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
    unref(): void;
    terminate(): Promise<number>;
  };
}
interface NodeProcess {
  getBuiltinModule?(name: "node:worker_threads"): NodeWorkers;
  getBuiltinModule?(name: "node:os"): { availableParallelism(): number };
}
const node = (): NodeProcess | undefined => {
  const { process } = globalThis as { process?: NodeProcess };
  return typeof process?.getBuiltinModule === "function" ? process : undefined;
};

/** Number of threads that can run at the same time. */
export const coresHere = (): number =>
  node()?.getBuiltinModule?.("node:os").availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;

/** Whether threads can share memory: always in Node, only on isolated pages in a browser. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer === "function" && (node() !== undefined || globalThis.crossOriginIsolated);

/** Whether this thread may block: the main thread of a page may not. */
export const mayWait = (): boolean => node() !== undefined || typeof document === "undefined";

/** Another thread. */
export interface Thread<Request> {
  send(request: Request, transfer?: ArrayBuffer[]): void;
  end(): void;
}

/** The program of a thread. It is passed as text, so it must not refer to anything outside of it. */
type ThreadProgram<Request, Answer> = (
  work: typeof execute,
  receive: (take: (request: Request) => void) => void,
  send: (answer: Answer, transfer?: ArrayBuffer[]) => void,
) => void;

/** Callbacks for what a thread does. */
interface Listeners<Answer> {
  readonly onMessage: (answer: Answer) => void;
  readonly onLost: (reason: string) => void;
}

/** The source text of a call of a thread's program. */
const sourceOf = (program: object, receive: string, send: string): string =>
  `(${String(program)})(${String(execute)}, ${receive}, ${send})`;

/** Message of a worker that holds its lock. */
const HELD = "held";

/** Starts a thread. */
export function startThread<Request, Answer>(
  program: ThreadProgram<Request, Answer>,
  listeners: Listeners<Answer>,
): Thread<Request> {
  const threads = node()?.getBuiltinModule?.("node:worker_threads");
  return threads === undefined ? startInPage(program, listeners) : startInNode(threads, program, listeners);
}

function startInNode<Request, Answer>(
  threads: NodeWorkers,
  program: ThreadProgram<Request, Answer>,
  { onMessage, onLost }: Listeners<Answer>,
): Thread<Request> {
  const port = `require("node:worker_threads").parentPort`;
  const source = sourceOf(
    program,
    `(take) => ${port}.on("message", take)`,
    `(answer, transfer) => ${port}.postMessage(answer, transfer)`,
  );
  const worker = new threads.Worker(source, { eval: true, execArgv: [] });
  let ended = false;
  worker.on("message", (answer) => onMessage(answer as Answer));
  worker.on("error", (error) => onLost(error.message));
  worker.on("exit", () => ended || onLost("it ended"));
  // The process may end while its threads sleep.
  worker.unref();
  return {
    send: (request, transfer = []) => worker.postMessage(request, transfer),
    end: () => {
      ended = true;
      void worker.terminate();
    },
  };
}

function startInPage<Request, Answer>(
  program: ThreadProgram<Request, Answer>,
  { onMessage, onLost }: Listeners<Answer>,
): Thread<Request> {
  const source = sourceOf(
    program,
    `(take) => { onmessage = ({ data }) => take(data); }`,
    `(answer, transfer) => postMessage(answer, transfer)`,
  );
  // A worker that is ended from outside sends no message, but its lock is released. Without the lock a page would wait for ever.
  const lock = `convlens ${Math.random()}`;
  const start = `() => { postMessage("${HELD}"); ${source}; return new Promise(() => {}); }`;
  const isWatched = !mayWait() && globalThis.navigator?.locks !== undefined;
  const text = isWatched ? `const start = ${start}; navigator.locks.request("${lock}", start).catch(start);` : source;
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(address);
  let ended = false;
  /** Requests that wait until the worker holds its lock. */
  let early: (() => void)[] | undefined = isWatched ? [] : undefined;
  worker.addEventListener("message", ({ data }) => {
    if (data !== HELD) return onMessage(data as Answer);
    navigator.locks.request(lock, () => ended || onLost("it ended")).catch(() => undefined);
    for (const send of early ?? []) send();
    early = undefined;
  });
  worker.addEventListener("error", (event) => onLost(event.message));
  return {
    send: (request, transfer = []) => {
      const send = (): void => worker.postMessage(request, transfer);
      if (early === undefined) send();
      else early.push(send);
    },
    end: () => {
      ended = true;
      worker.terminate();
      URL.revokeObjectURL(address);
    },
  };
}
