import { BackendError } from "./errors.ts";
import type { Attributes, Inputs, Op, OperationName, Operations } from "./operations.ts";
import type { MemoryPlan } from "./plan.ts";
import { firstInstruction, shapesOf, type Instruction, type Program, type Values } from "./program.ts";
import { sizeOf, type Shape } from "./shape.ts";

/** Parameters of a kernel: everything that is known before the first run. */
export interface KernelCall<O extends Op = Op> {
  readonly attributes: O["attributes"];
  /** Shapes of the inputs. */
  readonly inputs: Inputs<O, Shape>;
  /** Shape of the output. */
  readonly output: Shape;
}

/** Computes one instruction: writes all of `output`, and all of `others` where the instruction has several results. */
export type PreparedKernel<B, O extends Op = Op> = (
  inputs: Inputs<O, B>,
  output: B,
  others: readonly B[],
) => void | Promise<void>;

/** Prepares an instruction of an operation `O` on memory of type `B`: emits code, picks a tile. */
export type Kernel<B, O extends Op> = (call: KernelCall<O>) => PreparedKernel<B, O>;

/** A kernel for each of some operations. */
export type KernelsOf<B, K extends OperationName> = { readonly [N in K]: Kernel<B, Operations[N]> };

/** Kernels of any operations. */
export type Kernels<B> = Partial<KernelsOf<B, OperationName>>;

/** Loads kernels that few programs need. */
export interface KernelLoader<B> {
  /** Operations that have a kernel only then. */
  readonly operations: readonly OperationName[];
  /** Whether an instruction needs these kernels: for its operation, or for its attributes. */
  readonly isNeeded: (instruction: Instruction) => boolean;
  /** The kernels. One of an operation that has a kernel already replaces it. */
  readonly load: () => Promise<Kernels<B>>;
}

/** Kernels over arrays on the host, for operations without a kernel of the backend. */
export type HostKernels = Kernels<Values>;

/** A prepared instruction: its kernel and the buffers that it reads. */
export interface Launch<B> {
  readonly launch: PreparedKernel<B>;
  readonly step: Instruction;
  /** Index in the program. */
  readonly index: number;
  /** Number of its value. */
  readonly value: number;
  /** Whether its value is in the memory of a variable. */
  readonly isUpdate: boolean;
  readonly from: B[];
  /** Numbers of its other results, and the buffers for them. */
  readonly results: readonly number[];
  readonly others: B[];
}

/** Options of {@link kernelTable}. */
interface KernelTableOptions<B> {
  readonly name: string;
  readonly kernels: Kernels<B>;
  readonly loader?: KernelLoader<B> | undefined;
  upload(buffer: B, values: Values): void | Promise<void>;
  download(buffer: B): Values | Promise<Values>;
}

/** Kernels of a backend: its own, those that are loaded on demand, and those of the host as a fallback. */
export interface KernelTable<B> {
  readonly supports: (operation: OperationName) => boolean;
  /** Whether all kernels of a program are loaded. */
  readonly isReady: (p: Program) => boolean;
  /** Loads the kernels of a program. */
  readonly load: (p: Program) => Promise<void>;
  /** Prepares all instructions of a program. */
  readonly prepare: (p: Program, plan: MemoryPlan) => Launch<B>[];
}

/** For each instruction, the numbers of its further results. */
function furtherResults(p: Program): ReadonlyMap<number, readonly number[]> {
  const first = firstInstruction(p);
  const found = new Map<number, number[]>();
  p.instructions.forEach(({ operation, inputs, attributes }, i) => {
    if (operation !== "result") return;
    const own = found.get(inputs[0]!) ?? [];
    own[(attributes as Attributes<"result">).index - 1] = first + i;
    found.set(inputs[0]!, own);
  });
  return found;
}

/** Kernels to look up by a name that is known only when a program runs. */
const byName = <B>(kernels: Kernels<B>) => kernels as { readonly [name: string]: Kernel<B, Op> | undefined };

/** Finds and loads kernels, and prepares programs. */
export function kernelTable<B>(options: KernelTableOptions<B>, host: HostKernels): KernelTable<B> {
  const { name } = options;
  let { loader } = options;
  const kernels = { ...options.kernels };
  const warned = new Set<OperationName>();

  /** Computes an operation without a kernel on the host: downloads the inputs, runs the reference kernel, uploads the result. */
  function onHost(operation: OperationName, call: KernelCall): PreparedKernel<B> {
    const kernel = byName(host)[operation];
    if (kernel === undefined)
      throw new BackendError({
        operation: name,
        problem: `no kernel for ${operation}, and the reference has none either`,
      });
    if (!warned.has(operation)) {
      warned.add(operation);
      console.warn(`${name}: no kernel for ${operation}; it will run on the host`);
    }
    const launch = kernel(call);
    const result = new Float32Array(sizeOf(call.output));
    return async (inputs, output) => {
      await launch(await Promise.all(inputs.map((buffer) => options.download(buffer))), result, []);
      await options.upload(output, result);
    };
  }

  /** An instruction whose kernel is not loaded yet. */
  const missingIn = ({ instructions }: Program): Instruction | undefined =>
    loader && instructions.find((instruction) => loader!.isNeeded(instruction));

  async function load(p: Program): Promise<void> {
    const missing = missingIn(p);
    if (missing === undefined) return;
    try {
      Object.assign(kernels, await loader!.load());
      loader = undefined;
    } catch (cause) {
      throw new BackendError({
        operation: name,
        problem: `the kernel of ${missing.operation} could not be loaded (${(cause as Error).message})`,
        fix: "try again, or bundle everything into one file",
        cause,
      });
    }
  }

  const prepare = (p: Program, { places }: MemoryPlan): Launch<B>[] => {
    const [first, shapes, further] = [firstInstruction(p), shapesOf(p), furtherResults(p)];
    return p.instructions.flatMap((step, index) => {
      if (step.operation === "reshape" || step.operation === "result") return [];
      const call: KernelCall = {
        attributes: step.attributes,
        inputs: step.inputs.map((input) => shapes[input]!),
        output: step.shape,
      };
      const own = byName(kernels)[step.operation];
      const launch = own === undefined ? onHost(step.operation, call) : own(call);
      const value = first + index;
      const isUpdate = places[value]!.in === "variable";
      return [{ launch, step, index, value, isUpdate, from: [], results: further.get(value) ?? [], others: [] }];
    });
  };

  return {
    supports: (operation) => operation in kernels || (loader?.operations.includes(operation) ?? false),
    isReady: (p) => missingIn(p) === undefined,
    load,
    prepare,
  };
}
