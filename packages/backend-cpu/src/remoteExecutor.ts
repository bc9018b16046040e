import { BackendError } from "@convlens/backend";
import type { Executor, ModuleBytes } from "./executor.ts";
import { BYTES, Heap, outOfMemory, type Block } from "./heap.ts";
import { startThread, type Thread } from "./platform.ts";
import { remoteWorker, type Answer, type Request } from "./remoteWorker.ts";

/** The promise of a caller that waits for an answer. */
interface Waiting {
  readonly resolve: (bytes: ArrayBuffer | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** The page's side of a worker that owns the memory and computes, for pages that cannot share memory. */
export class RemoteExecutor implements Executor {
  /** Manages the worker's memory from here. */
  readonly heap: Heap = new Heap("elsewhere");
  readonly #thread: Thread<Request>;
  /** In the order of the requests, which is that of the answers. */
  readonly #waiting: Waiting[] = [];
  #lost: BackendError | undefined;

  private constructor(onStart: Waiting) {
    this.#waiting.push(onStart);
    this.#thread = startThread(remoteWorker, {
      onMessage: (answer) => this.#take(answer),
      onLost: (reason) => this.#lose(reason),
    });
  }

  /** Starts a worker. Rejects if the page may not have one. */
  static start(): Promise<RemoteExecutor> {
    return new Promise((resolve, reject) => {
      const remote: RemoteExecutor = new RemoteExecutor({ resolve: () => resolve(remote), reject });
    });
  }

  #take(answer: Answer): void {
    const { resolve, reject } = this.#waiting.shift()!;
    if (answer.kind === "done") return resolve(answer.bytes);
    if (answer.kind === "full") return reject(outOfMemory(answer.reach - answer.size, answer.size));
    reject(
      new BackendError({
        operation: "cpu",
        problem: `the worker did not finish its work (${answer.reason}); this run is lost, and variables that it was updating may be half updated`,
      }),
    );
  }

  #lose(reason: string): void {
    this.#lost ??= new BackendError({
      operation: "cpu",
      problem: `the worker ended (${reason}), and with it the values of all variables`,
      fix: "make a new backend, and load the saved values there",
    });
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
  }

  #send(request: Request, transfer: ArrayBuffer[] = []): void {
    if (this.#lost !== undefined) throw this.#lost;
    this.#thread.send(request, transfer);
  }

  #ask(request: Request, transfer?: ArrayBuffer[]): Promise<ArrayBuffer | undefined> {
    return new Promise((resolve, reject) => {
      this.#send(request, transfer);
      this.#waiting.push({ resolve, reject });
    });
  }

  publish(module: ModuleBytes, numbers: readonly number[]): void {
    this.#send({ kind: "functions", module, numbers }, [module.buffer]);
  }

  forget(number: number): void {
    if (this.#lost === undefined) this.#send({ kind: "forget", number });
  }

  async run(list: Int32Array): Promise<void> {
    const own = list.slice();
    await this.#ask({ kind: "run", reach: this.heap.reach, list: own }, [own.buffer]);
  }

  /** Copies words to an address. There is no answer: the next run reports an error. */
  write({ start }: Block, values: Float32Array | Int32Array): void {
    const bytes = values.slice().buffer;
    this.#send({ kind: "write", reach: this.heap.reach, start, bytes }, [bytes]);
  }

  /** Copies between two blocks of the same length. */
  copy(from: Block, to: Block): void {
    const { heap } = this;
    this.#send({ kind: "copy", reach: heap.reach, from: from.start, to: to.start, length: BYTES * from.length });
  }

  /** Returns a copy of a block's numbers. */
  async read({ start, length }: Block): Promise<Float32Array> {
    const bytes = await this.#ask({ kind: "read", reach: this.heap.reach, start, length: BYTES * length });
    return new Float32Array(bytes!);
  }

  end(): void {
    this.#thread.end();
    this.#lose("it was disposed");
  }
}
