import type { Backend } from "./backend.ts";
import { Blocks } from "./blocks.ts";
import { BufferMemory, type ProgramBuffers } from "./bufferMemory.ts";
import { CompiledProgram, type ProgramContext } from "./compiledProgram.ts";
import { UsageError } from "./errors.ts";
import { kernelBackendChecks, type KernelBackendOptions } from "./kernelBackendOptions.ts";
import { kernelTable, type HostKernels } from "./kernelTable.ts";
import { checkOptions } from "./options.ts";
import { isTurnDue, nextTurn } from "./turn.ts";

/**
 * Makes a backend of a table of kernels. It plans memory, puts the values of all programs in one arena, keeps runs in order and
 * carries out updates. An operation without a kernel is computed on the host by the reference kernel, with one warning.
 *
 * @param options - Memory and kernels.
 * @param host - The reference kernels. A backend that has all kernels needs none.
 *
 * @example
 * ```ts
 * const mine = kernelBackend<Float32Array>({
 *   name: "mine",
 *   allocate: (length) => new Float32Array(length),
 *   free: () => {},
 *   upload: (buffer, values) => buffer.set(values),
 *   download: (buffer) => buffer.slice(),
 *   copy: (from, to) => to.set(from),
 *   kernels: { relu: () => ([x], y) => x!.forEach((v, i) => (y[i] = v < 0 ? 0 : v)) },
 * }, referenceKernels);
 * ```
 */
export function kernelBackend<B>(options: KernelBackendOptions<B>, host: HostKernels = {}): Backend {
  checkOptions<KernelBackendOptions<never>>("kernelBackend", options as never, kernelBackendChecks);
  const { name, precision = "float32", mostInputs } = options;
  const table = kernelTable(options, host);
  const memory = new BufferMemory(options);
  const variables = new Blocks<B>({
    reserve: (length) => memory.reserve(length),
    free: (buffer) => memory.free(buffer),
    upload: (buffer, values) => options.upload(buffer, values),
    check: () => memory.check("its variables are gone"),
    missing: () =>
      new UsageError({ operation: name, problem: "this variable was disposed, or belongs to another backend" }),
  });

  const enqueue = workQueue();
  // A collected program is used by no run, not even by one that waits in the queue: that holds its program. So its buffers are
  // freed at once. In the queue this would come too late for a run that waits for memory.
  const collected = new FinalizationRegistry((buffers: ProgramBuffers<B>) => {
    // A run may be using the arena.
    if (memory.removeProgram(buffers)) void enqueue(() => memory.shrinkArena());
  });
  const context: ProgramContext<B> = { options, table, memory, variables, enqueue };

  return {
    name,
    precision,
    mostInputs,
    supports: table.supports,
    ...(options.join && { join: options.join.bind(options) }),
    compile: (program) => {
      const compiled = new CompiledProgram(context, program);
      memory.addProgram(compiled.own);
      collected.register(compiled, compiled.own);
      return compiled;
    },
    allocate: (length) => {
      memory.check();
      const block = variables.add(length);
      enqueue(() => variables.settle(block)).catch(nothing);
      return block;
    },
    write: (storage, values) => {
      const copy = values.slice();
      // An error is not lost: the next use of the variable tries again, and throws it.
      enqueue(() => variables.write(storage, copy)).catch(nothing);
    },
    read: (storage) =>
      enqueue(async () => {
        if (!variables.isSettled(storage)) await variables.settle(storage);
        return options.download(variables.open(storage));
      }),
    free: (storage) => void enqueue(() => variables.remove(storage)),
    memory: () => options.memory?.() ?? memory.bytes,
    dispose: () => {
      void enqueue(() => {
        memory.dispose();
        options.dispose?.();
      });
    },
  };
}

/** A queue: runs work when all earlier work is done. */
function workQueue(): ProgramContext<never>["enqueue"] {
  let queue: Promise<unknown> = Promise.resolve();
  return (work) => {
    // A loop that only awaits results would otherwise block timers, messages and finalizers.
    const result = queue.then(() => (isTurnDue() ? nextTurn().then(work) : work()));
    // The queue must not keep the last result alive.
    queue = result.then(nothing, nothing);
    return result;
  };
}

const nothing = (): void => undefined;
