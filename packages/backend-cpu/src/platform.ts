import { execute } from "./execute.ts";

// Where this runs: in Node, in a page, or in a worker of a page.

/** The part of node:worker_threads that is used. */
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

/** How many threads can run at the same time. */
export const coresHere = (): number =>
  node()?.getBuiltinModule?.("node:os").availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;

/** Whether threads can share memory: in Node always, in a browser on isolated pages. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer === "function" && (node() !== undefined || globalThis.crossOriginIsolated);

/** Whether this thread may stand still: the main one of a page may not. */
export const mayWait = (): boolean => node() !== undefined || typeof document === "undefined";

/** Another thread, and how to end it. */
export interface Thread<Request> {
  send(request: Request, transfer?: ArrayBuffer[]): void;
  end(): void;
}

/** What a thread does from its beginning: given as text, so it must not use anything from outside of it. */
type Life<Request, Answer> = (
  work: typeof execute,
  receive: (take: (request: Request) => void) => void,
  send: (answer: Answer, transfer?: ArrayBuffer[]) => void,
) => void;

/** What is told of a thread. */
interface Listeners<Answer> {
  readonly onMessage: (answer: Answer) => void;
  readonly onLost: (reason: string) => void;
}

/** As a program. */
const lifeOf = (life: object, receive: string, send: string): string =>
  `(${String(life)})(${String(execute)}, ${receive}, ${send})`;

/** Said by a worker that holds its lock. */
const HELD = "held";

/** Starts a thread. */
export function startThread<Request, Answer>(
  life: Life<Request, Answer>,
  listeners: Listeners<Answer>,
): Thread<Request> {
  const threads = node()?.getBuiltinModule?.("node:worker_threads");
  return threads === undefined ? startInPage(life, listeners) : startInNode(threads, life, listeners);
}

function startInNode<Request, Answer>(
  threads: NodeWorkers,
  life: Life<Request, Answer>,
  { onMessage, onLost }: Listeners<Answer>,
): Thread<Request> {
  const port = `require("node:worker_threads").parentPort`;
  const source = lifeOf(
    life,
    `(take) => ${port}.on("message", take)`,
    `(answer, transfer) => ${port}.postMessage(answer, transfer)`,
  );
  const worker = new threads.Worker(source, { eval: true, execArgv: [] });
  let ended = false;
  worker.on("message", (answer) => onMessage(answer as Answer));
  worker.on("error", (error) => onLost(error.message));
  worker.on("exit", () => ended || onLost("it ended"));
  // A program may end while its threads sleep.
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
  life: Life<Request, Answer>,
  { onMessage, onLost }: Listeners<Answer>,
): Thread<Request> {
  const living = lifeOf(
    life,
    `(take) => { onmessage = ({ data }) => take(data); }`,
    `(answer, transfer) => postMessage(answer, transfer)`,
  );
  // A worker that is ended from elsewhere says nothing, but the lock that it holds comes free. A page would wait for ever.
  const lock = `convlens ${Math.random()}`;
  const held = `() => { postMessage("${HELD}"); ${living}; return new Promise(() => {}); }`;
  const isWatched = !mayWait() && globalThis.navigator?.locks !== undefined;
  const source = isWatched ? `const live = ${held}; navigator.locks.request("${lock}", live).catch(live);` : living;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  let ended = false;
  /** What a thread is asked before it holds its lock, and lives. */
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
