import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { UsageError, ValueError, type ErrorParts } from "@convlens/backend";
import { decodeFile, type Decoded, type DecodeTask } from "./decodeFile.ts";
import type { Answer } from "./decodeThread.ts";

/** Threads cannot run sources in TypeScript. */
const hasThreads = !import.meta.url.endsWith(".ts");

/** Half of the processors, since the other half trains. */
export const defaultWorkers = (): number => (hasThreads ? Math.min(8, Math.ceil(availableParallelism() / 2)) : 0);

/** A task that was sent to a thread. */
interface Waiting {
  readonly resolve: (decoded: Decoded) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that decodes. It keeps the process alive only while somebody waits for it. */
class DecodeThread {
  readonly #worker: Worker = new Worker(new URL("./decodeThread.js", import.meta.url));
  /** Answers come in the order of the tasks. */
  readonly #waiting: Waiting[] = [];
  isLost = false;

  constructor() {
    this.#worker.unref();
    this.#worker.on("message", (answer: Answer) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (this.#waiting.length === 0) this.#worker.unref();
      if ("decoded" in answer) resolve(answer.decoded);
      else reject(new ValueError(answer.details as ErrorParts));
    });
    this.#worker.on("error", ({ message }) => this.#lose(message));
    this.#worker.on("exit", () => this.#lose("it ended"));
  }

  get load(): number {
    return this.#waiting.length;
  }

  decode(task: DecodeTask): Promise<Decoded> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ resolve, reject }) === 1) this.#worker.ref();
      this.#worker.postMessage(task, []);
    });
  }

  end(): void {
    this.#lose("it was disposed");
    void this.#worker.terminate();
  }

  #lose(reason: string): void {
    this.isLost = true;
    for (const { reject } of this.#waiting.splice(0))
      reject(
        new UsageError({
          problem: `a thread that decodes images was lost: ${reason}`,
          fix: "pass workers: 0 to decode on the main thread",
        }),
      );
  }
}

/** Decodes image files in threads, which start when they are first needed. */
export class Decoder {
  readonly #count: number;
  #threads: DecodeThread[] = [];

  /** @param count - Number of threads; 0 decodes on the calling thread. */
  constructor(count: number) {
    this.#count = count;
  }

  async decode(task: DecodeTask): Promise<Decoded> {
    if (this.#count === 0) return decodeFile(task);
    this.#threads = this.#threads.filter(({ isLost }) => !isLost);
    let thread = this.#threads.find(({ load }) => load === 0);
    if (thread === undefined && this.#threads.length < this.#count) this.#threads.push((thread = new DecodeThread()));
    // Sent at once, since this thread may compute for long before it can send again.
    thread ??= this.#threads.reduce((a, b) => (b.load < a.load ? b : a));
    return thread.decode(task);
  }

  /** Ends the threads. Later calls start new ones. */
  dispose(): void {
    for (const thread of this.#threads.splice(0)) thread.end();
  }
}
