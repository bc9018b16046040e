import {
  BackendError,
  booleanOption,
  checkOptions,
  fuseChains,
  kernelBackend,
  wholeFrom,
  type Backend,
  type KernelBackendOptions,
} from "@convlens/backend";
import type { Machine } from "./assembler/function.ts";
import { chooseMachine } from "./chooseMachine.ts";
import { cannotReserve, LARGEST, type Block } from "./heap.ts";
import { argmax } from "./kernels/argmax.ts";
import { joinGradients } from "./joinGradients.ts";
import { conv2dKernels, joinsGradients } from "./kernels/conv2d.ts";
import { matmul } from "./kernels/matmul.ts";
import { movementKernels } from "./kernels/movement.ts";
import { pointwiseKernels } from "./kernels/pointwise.ts";
import { pool2dKernels } from "./kernels/pool2d.ts";
import { reduceKernels } from "./kernels/reduce.ts";
import { softmaxKernels } from "./kernels/softmax.ts";
import { canShare, coresHere, mayWait } from "./platform.ts";
import { Remote } from "./remote.ts";
import { Team } from "./team.ts";

/** Options of `cpu`. */
export interface CpuOptions {
  /** How many threads work together. Default: as many as there are cores, 128 at most. Results do not depend on it. */
  readonly threads?: number;
  /**
   * Whether results are to be the same bits on every machine. Where it is given up, a product may be added without being
   * rounded before: a quarter faster in Node 26, and not there in Node 20. Default: true.
   */
  readonly deterministic?: boolean;
  /**
   * Whether convolutions of 3 × 3 and 5 × 5 may use Winograd's algorithm where it is faster: in less than half the time, with
   * an error of about a millionth instead of a third of that. Default: true.
   *
   * The algorithm computes tiles of outputs together, so rounding in one pixel reaches outputs of the same tile that do not see
   * it. For most inputs the error of an output is at most 2⁻²⁰ · max |x| of its 6 × 6 tile · Σ |w| of its filter; the worst that
   * a search found is 2⁻¹⁴ · max |x| · Σ |w|, with few channels and filters of which one tap counts. Set `false` where pixels of
   * very different size lie side by side and the small ones matter. Infinity and NaN give what the definition gives, in outputs
   * and gradients: tiles that hold them are computed again as direct sums.
   */
  readonly winograd?: boolean;
}

/** Threads that an epoch has bits for, with room to spare. */
const MOST_THREADS = 128;
const WITHOUT_SHARED_MEMORY =
  "cpu: runs on one thread, since this page may not share memory. To use all, serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.";
const WITHOUT_WORKER =
  "cpu: computes on the page's own thread, which does nothing else meanwhile, since no worker could be started. A Content-Security-Policy must allow it: worker-src blob:.";
const said = new Set<string>();

/** Each thing once. */
function say(sentence: string): void {
  if (!said.has(sentence)) console.info(sentence);
  said.add(sentence);
}

/** A worker for this page, if it may have one. */
const startRemote = (): Promise<Remote | undefined> =>
  Remote.start().catch(() => {
    say(WITHOUT_WORKER);
    return undefined;
  });

/** The machine at hand, or an error that says why it cannot be used. */
function machineHere(mayFuse: boolean): Machine {
  try {
    return chooseMachine(mayFuse);
  } catch (cause) {
    if (cause instanceof RangeError) throw cannotReserve(cause);
    throw new BackendError(
      `cpu: WebAssembly with SIMD cannot be compiled here (${String(cause)}). In a page, the Content-Security-Policy must allow it: script-src 'wasm-unsafe-eval'. The reference backend runs without it`,
      { expected: "script-src 'wasm-unsafe-eval'", fix: "script-src 'wasm-unsafe-eval'", cause },
    );
  }
}

/** Kernels that many nets do without: at hand, or loaded by the first program that needs one. */
type FurtherKernels = (team: Team) => Pick<KernelBackendOptions<Block>, "kernels" | "loaders">;

/** Makes the backend, with further kernels. */
export async function createCpu(further: FurtherKernels, options: CpuOptions = {}): Promise<Backend> {
  checkOptions("cpu", options, {
    threads: wholeFrom(1, MOST_THREADS),
    deterministic: booleanOption,
    winograd: booleanOption,
  });
  const { threads = Math.min(MOST_THREADS, coresHere()), deterministic = true, winograd = true } = options;
  const machine = machineHere(!deterministic);
  if (threads > 1 && !canShare()) say(WITHOUT_SHARED_MEMORY);
  // Whether a page may have workers shows when it starts one, which is all it needs where memory cannot be shared.
  const isPage = !mayWait();
  const worker = isPage ? await startRemote() : undefined;
  const isShared = canShare() && (isPage ? worker !== undefined : threads > 1);
  if (isShared) worker?.end();
  const team = new Team(isShared ? threads : 1, isShared, {
    machine,
    winograd: winograd ? "auto" : "never",
    remote: isShared ? undefined : worker,
  });
  const { heap, kept } = team;
  const { kernels, loaders } = further(team);
  return kernelBackend<Block>({
    name: isShared && threads > 1 ? `cpu (${threads} threads)` : "cpu",
    allocate: (length) => {
      const block = heap.allocate(length);
      kept.addSource(block);
      return block;
    },
    free: (block) => {
      kept.removeSource(block);
      heap.free(block);
    },
    upload: (block, values) => {
      kept.changed(block);
      team.write(block, values);
    },
    download: (block) => team.read(block),
    copy: (from, to) => {
      kept.changed(to);
      team.copy(from, to);
    },
    updated: (block) => kept.changed(block),
    slice: ({ start }, offset, length) => ({ start: start + 4 * offset, length }),
    join: (program) =>
      fuseChains(
        joinGradients(program, (g) => joinsGradients(team, g)),
        { canSum: true },
      ),
    finish: () => team.finish(),
    abandon: () => team.abandon(),
    dispose: () => team.dispose(),
    mostBytes: LARGEST,
    isHandle: true,
    kernels: {
      ...pointwiseKernels(team),
      ...movementKernels(team),
      ...reduceKernels(team),
      argmax: argmax(team),
      ...pool2dKernels(team),
      matmul: matmul(team),
      ...conv2dKernels(team),
      ...softmaxKernels(team),
      ...kernels,
    },
    ...(loaders && { loaders }),
  });
}
