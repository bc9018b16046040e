import {
  anyOption,
  checkBackend,
  checkOptions,
  functionOption,
  seedOption,
  UsageError,
  type Backend,
  type Executable,
  type Program,
  type Storage,
  type Values,
} from "@convlens/backend";
import { assemble } from "./assemble.ts";
import { backendFor, evaluate } from "./evaluate.ts";
import { leaf } from "./record.ts";
import { recordFunction, type Parameter, type Results } from "./recordFunction.ts";
import { randomKey, session } from "./session.ts";
import { Tensor } from "./tensor.ts";
import { mapTensors } from "./tree.ts";
import type { Variable } from "./variable.ts";

/** What to pass for each parameter: for a scalar tensor also a number. */
export type Arguments<P extends readonly Parameter[]> = {
  [K in keyof P]: P[K] extends Tensor ? Tensor | number : P[K];
};
/** Options of {@link compile}. */
export interface CompileOptions {
  /** Seed of the random numbers drawn inside, together with the number of the run: a whole number from 0 to 2³² − 1. */
  readonly seed?: number;
  /** Backend to run on. Default: that of its variables, else the one chosen with `useBackend`. */
  readonly backend?: Backend;
  /** Called before each call. Returns true if values that the function closes over have changed, so that it must be recorded again. */
  readonly isOutdated?: () => boolean;
}

/** A compiled function: takes the arguments of the plain one, and resolves to results whose values are known. */
export interface Compiled<P extends readonly Parameter[], R> {
  (...args: Arguments<P>): Promise<R>;
  /** Number of programs made so far, one for each combination of shapes, booleans and strings. */
  readonly programs: ReadonlyMap<string, { readonly program: Program; readonly executable: Executable }>;
  /** Number of runs so far. With the seed it is the key of the random numbers; set it to continue from another run. */
  runs: number;
  /** Frees the memory of the programs now; it is freed automatically once the function is unreachable. */
  dispose(): void;
}

/** A program and the bindings of its arguments. */
interface Built {
  readonly program: Program;
  readonly executable: Executable;
  readonly storages: readonly Storage[];
  readonly variables: readonly Variable[];
  readonly updated: readonly Variable[];
  readonly results: (values: readonly Values[]) => unknown;
}

/** Number of programs kept for each function. */
const KEPT = 64;
/** Seeds of compiled functions without one. */
const seeds = { next: 1 };

/**
 * Records a function once for each combination of argument shapes; later calls only run the program. Numbers passed for
 * tensors are fed, so a changing learning rate does not record again. Other values that the function closes over are constants.
 *
 * Values cannot be read inside, since they do not exist while the function is recorded. Return the tensors that you need.
 *
 * @example
 * ```ts
 * const step = compile((x: Tensor, y: Tensor, rate: Tensor) => {
 *   const loss = mean(square(subtract(multiply(x, w), y)));
 *   const [dw] = gradients(loss, [w]);
 *   w.assign(subtract(w, multiply(rate, dw)));
 *   return loss;
 * });
 * const loss = await step(x, y, 0.1);
 * loss.knownValue;
 * ```
 */
export function compile<P extends readonly Parameter[], const R extends Results>(
  fn: (...args: P) => R,
  options: CompileOptions = {},
): Compiled<P, R> {
  const programs = new Map<string, Built>();
  checkOptions("compile", options, { seed: seedOption, backend: anyOption, isOutdated: functionOption });
  const seed = options.seed ?? seeds.next++;
  if (options.backend !== undefined) checkBackend("compile", options.backend);

  function call(...args: readonly (Parameter | number)[]): Promise<R> {
    if (session.compiling !== undefined)
      return Promise.reject(
        new UsageError({
          operation: "compile",
          problem: "a compiled function cannot be called inside another one",
          fix: "call the plain function there",
        }),
      );
    let key = "";
    const given: (Tensor | number)[] = [];
    let unknown = false;
    const take = (argument: Parameter | number): void => {
      if (argument instanceof Tensor) {
        const current = argument.source.kind === "variable" ? (argument as Variable).current : argument;
        key += `${current.shape.join()};`;
        given.push(current);
        unknown ||= current.known === undefined;
      } else if (typeof argument === "number") {
        key += ";";
        given.push(argument);
      } else if (typeof argument === "object" && argument !== null) {
        key += Array.isArray(argument) ? "[" : "{";
        for (const [name, part] of Object.entries(argument)) {
          key += `${JSON.stringify(name)}:`;
          take(part);
        }
        key += "}";
      } else key += `${typeof argument} ${argument};`;
    };
    try {
      for (const argument of args) take(argument);
      if (options.isOutdated?.()) compiled.dispose();
      const built = programs.get(key) ?? keep(key, build(fn, args, options.backend));
      if (!unknown && session.open.updates.size === 0) return run(built, given);
      return evaluate(...given).then(() => run(built, given));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function run({ executable, storages, updated, results }: Built, given: readonly (Tensor | number)[]): Promise<R> {
    const feeds = given.map((argument) => (typeof argument === "number" ? Float64Array.of(argument) : argument.known!));
    feeds.push(randomKey(seed, compiled.runs++));
    for (const variable of updated) variable.written();
    return executable.run(feeds, storages).then(results) as Promise<R>;
  }

  function keep(key: string, built: Built): Built {
    programs.set(key, built);
    if (programs.size > KEPT) {
      const [oldest] = programs.keys();
      programs.get(oldest!)!.executable.dispose();
      programs.delete(oldest!);
    }
    return built;
  }

  const compiled: Compiled<P, R> = Object.assign(call as (...args: Arguments<P>) => Promise<R>, {
    programs,
    runs: 0,
    dispose: () => {
      for (const { executable } of programs.values()) executable.dispose();
      programs.clear();
    },
  });
  return compiled;
}

/** Records the function with arguments of these shapes and makes its program. */
function build<P extends readonly Parameter[], R extends Results>(
  fn: (...args: P) => R,
  args: readonly (Parameter | number)[],
  chosen: Backend | undefined,
): Built {
  const recorded = recordFunction(fn, args);
  const { result, updates, variables } = recorded;
  const backend = chosen ?? backendFor(variables);
  const storages = variables.map((variable) => variable.memory(backend));
  const program = assemble(recorded, backend);
  const results = (values: readonly Values[]): unknown => {
    let next = 0;
    return result === undefined ? undefined : mapTensors(result, ({ shape }) => leaf(shape, values[next++]!));
  };
  return { program, executable: backend.compile(program), storages, variables, updated: [...updates.keys()], results };
}
