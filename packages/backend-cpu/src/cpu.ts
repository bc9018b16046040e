import {
  BackendError,
  booleanOption,
  checkOptions,
  fuseChains,
  kernelBackend,
  wholeFrom,
  type Backend,
  type KernelBackendOptions,
  type OwnOperationName,
} from "@convlens/backend";
import { isPacked, type Machine } from "./assembler/function.ts";
import { chooseMachine } from "./chooseMachine.ts";
import { after, cannotReserve, LARGEST, type Block } from "./heap.ts";
import { joinGradients } from "./joinGradients.ts";
import { argmax } from "./kernels/argmax.ts";
import { conv2dKernels, joinsGradients } from "./kernels/conv2d.ts";
import { matmul } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { pointwiseKernels } from "./kernels/pointwise.ts";
import { pool2dKernels } from "./kernels/pool2d.ts";
import { reduceKernels } from "./kernels/reduce.ts";
import { softmaxKernels } from "./kernels/softmax.ts";
import type { LazyOperation } from "./lazyOperations.ts";
import { canShare, coresHere, mayWait } from "./platform.ts";
import { RemoteExecutor } from "./remoteExecutor.ts";
import { Runtime, type CpuKernels } from "./runtime.ts";
import { canAskToPack, setPacking } from "./wide.ts";

/** Options of `cpu`. */
export interface CpuOptions {
  /** Number of threads. Default: the number of cores, at most 128. Results do not depend on it. */
  readonly threads?: number;
  /**
   * Whether results are the same bits on every machine. If not, fused multiply-add is used where the engine has it: a quarter
   * faster in Node 26, not available in Node 20. Default: true.
   */
  readonly deterministic?: boolean;
  /**
   * Whether the engine may compute with vectors of 256 bits in place of 128, which takes half to two thirds of the time of most nets,
   * with the same bits. **Experimental**: V8 does so behind a flag that it calls experimental. The flag is set for the
   * whole process, before the first kernel is compiled, so make this backend before others. `"auto"`: where the engine can (Node 24
   * or newer, on a processor with AVX2) and a measurement shows that it helps; `true`: an error where it cannot. Default: false.
   */
  readonly wide?: "auto" | boolean;
  /**
   * Whether 3 × 3 and 5 × 5 convolutions use Winograd's algorithm where it is faster. It takes less than half the time, with a
   * relative error of about a millionth instead of a third of that. Default: true.
   *
   * The algorithm computes tiles of outputs together, so rounding at one pixel reaches outputs of the same tile whose windows do
   * not contain the pixel. For most inputs the error of an output is at most 2⁻²⁰ · max |x| of its 6 × 6 tile · Σ |w| of its
   * filter. The largest error that a search found is 2⁻¹⁴ · max |x| · Σ |w|, for few channels and filters with one dominant tap.
   * Set it to `false` if neighbouring pixels differ by orders of magnitude and the small ones matter. Infinity and NaN give the
   * same outputs and gradients as the direct sum: tiles that contain them are computed again as direct sums.
   */
  readonly winograd?: boolean;
}

/** Maximum number of threads: fewer than the eight bits of an epoch can hold. */
const MOST_THREADS = 128;
const WITHOUT_SHARED_MEMORY =
  "cpu: runs on one thread, since this page may not share memory. To use all, serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.";
const WITHOUT_WORKER =
  "cpu: computes on the page's own thread, which is blocked meanwhile, since no worker could be started. A Content-Security-Policy must allow it: worker-src blob:.";
const reported = new Set<string>();

/** Prints each message once. */
function report(message: string): void {
  if (!reported.has(message)) console.info(message);
  reported.add(message);
}

/** Starts a worker for this page, if it may have one. */
const startRemote = (): Promise<RemoteExecutor | undefined> =>
  RemoteExecutor.start().catch(() => {
    report(WITHOUT_WORKER);
    return undefined;
  });

/** The machine at hand. Throws an error with advice if it cannot be used. */
function machineHere({ deterministic, wide = false }: CpuOptions): Machine {
  const mayPack = wide !== false && canAskToPack();
  try {
    if (mayPack) setPacking(true);
    const machine = chooseMachine({ mayFuse: deterministic === false, mayPack });
    const isWide = isPacked(machine);
    if (mayPack && !isWide) setPacking(false);
    if (wide === true && !isWide)
      throw new BackendError({
        operation: "cpu",
        problem: "wide vectors need Node 24 or newer, a processor with AVX2, and that no other backend was made before",
        fix: 'leave it out, or use wide: "auto", which avoids them where they do not help',
      });
    return machine;
  } catch (cause) {
    if (cause instanceof BackendError) throw cause;
    if (cause instanceof RangeError) throw cannotReserve(cause);
    throw new BackendError({
      operation: "cpu",
      problem: `WebAssembly with SIMD cannot be compiled here (${String(cause)})`,
      fix: "in a page, allow it in the Content-Security-Policy: script-src 'wasm-unsafe-eval'; or use reference(), which runs without it",
      cause,
    });
  }
}

/** Makes the runtime that the options ask for, with the threads and the memory that are available here. */
async function runtimeOf(options: CpuOptions): Promise<Runtime> {
  const { threads = Math.min(MOST_THREADS, coresHere()), winograd } = options;
  const machine = machineHere(options);
  if (threads > 1 && !canShare()) report(WITHOUT_SHARED_MEMORY);
  // Starting a worker shows whether a page may have any. Without shared memory it needs no more than this one.
  const isPage = !mayWait();
  const worker = isPage ? await startRemote() : undefined;
  const isShared = canShare() && (isPage ? worker !== undefined : threads > 1);
  if (isShared) worker?.end();
  return new Runtime({
    threads: isShared ? threads : 1,
    isShared,
    machine,
    winograd: winograd === false ? "never" : "auto",
    remote: isShared ? undefined : worker,
  });
}

/** Operations without a kernel: a memory plan aliases reshape, and the last two are lowered to elementwise operations. */
type NoKernel = "reshape" | "result" | "softplus" | "sigmoidCrossEntropy";

/** Kernels that most models need. */
const kernelsOf = (runtime: Runtime): CpuKernels<Exclude<OwnOperationName, NoKernel | LazyOperation>> => ({
  ...pointwiseKernels(runtime),
  ...movementKernels(runtime),
  ...reduceKernels(runtime),
  argmax: argmax(runtime),
  ...pool2dKernels(runtime),
  matmul: matmul(runtime),
  ...conv2dKernels(runtime),
  ...softmaxKernels(runtime),
});

/** Kernels that few models need: present, or loaded by the first program that needs one. */
type FurtherKernels = (runtime: Runtime) => Partial<Pick<KernelBackendOptions<Block>, "kernels" | "loader">>;

/** Makes the backend, with further kernels. */
export async function createCpu(further: FurtherKernels, options: CpuOptions = {}): Promise<Backend> {
  checkOptions("cpu", options, {
    threads: wholeFrom(1, MOST_THREADS),
    deterministic: booleanOption,
    wide: (x) => (x === "auto" || typeof x === "boolean" ? undefined : '"auto", true or false'),
    winograd: booleanOption,
  });
  const runtime = await runtimeOf(options);
  const { heap, preparedWeights, threads } = runtime;
  const { kernels, loader } = further(runtime);
  return kernelBackend<Block>({
    name: threads > 1 ? `cpu (${threads} threads)` : "cpu",
    allocate: (length) => {
      const block = heap.allocate(length);
      preparedWeights.add(block);
      return block;
    },
    free: (block) => {
      preparedWeights.remove(block);
      heap.free(block);
    },
    upload: (block, values) => runtime.write(block, values),
    download: (block) => runtime.read(block),
    copy: (from, to) => runtime.copy(from, to),
    updated: (block) => preparedWeights.invalidate(block),
    slice: ({ start }, offset, length) => ({ start: after(start, offset), length }),
    join: (program) =>
      fuseChains(
        joinGradients(program, (g) => joinsGradients(runtime, g)),
        { canSum: true },
      ),
    finish: () => runtime.finish(),
    abandon: () => runtime.abandon(),
    dispose: () => runtime.dispose(),
    mostBytes: LARGEST,
    isHandle: true,
    kernels: { ...kernelsOf(runtime), ...kernels },
    ...(loader && { loader }),
  });
}
