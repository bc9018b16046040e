import { execute } from "./execute.ts";
import { member, type Beginning, type Message } from "./member.ts";

// Where this runs: in Node, in a page, or in a worker of a page.

/** The part of node:worker_threads that is used. */
interface NodeWorkers {
  readonly Worker: new (
    source: string,
    options: { eval: true; execArgv: string[] },
  ) => {
    on(event: "message", listener: (message: Message) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    on(event: "exit", listener: (code: number) => void): void;
    postMessage(message: unknown): void;
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
export interface Helper {
  end(): void;
}

/** Messages between threads have no origin. */
const begin = (worker: { postMessage(message: unknown): void }, beginning: Beginning): void =>
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  worker.postMessage(beginning);

/** Starts a thread that lives as {@link member} says. */
export function startHelper(
  beginning: Beginning,
  { onMessage, onLost }: { readonly onMessage: (message: Message) => void; readonly onLost: (reason: string) => void },
): Helper {
  const life = (receive: string, send: string): string =>
    `(${String(member)})(${String(execute)}, ${receive}, ${send})`;
  const threads = node()?.getBuiltinModule?.("node:worker_threads");
  if (threads !== undefined) {
    const port = `require("node:worker_threads").parentPort`;
    const source = life(`(begin) => ${port}.once("message", begin)`, `(message) => ${port}.postMessage(message)`);
    const worker = new threads.Worker(source, { eval: true, execArgv: [] });
    let ended = false;
    worker.on("message", onMessage);
    worker.on("error", (error) => onLost(error.message));
    worker.on("exit", () => ended || onLost("it ended"));
    begin(worker, beginning);
    // A program may end while its threads sleep.
    worker.unref();
    return {
      end: () => {
        ended = true;
        void worker.terminate();
      },
    };
  }
  const source = life(`(begin) => { onmessage = ({ data }) => begin(data); }`, `(message) => postMessage(message)`);
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  worker.addEventListener("message", ({ data }) => onMessage(data as Message));
  worker.addEventListener("error", (event) => onLost(event.message));
  begin(worker, beginning);
  return {
    end: () => {
      worker.terminate();
      URL.revokeObjectURL(address);
    },
  };
}
