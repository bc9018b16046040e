import { UsageError, type Backend, type Executable, type Program, type Storage, type Values } from "@convlens/backend";
import { assemble } from "./assemble.ts";
import { backendFor, evaluate } from "./evaluate.ts";
import { leaf } from "./record.ts";
import { Recording, session } from "./session.ts";
import { sorted } from "./sorted.ts";
import { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/** What a compiled function may take: tensors are fed at each call; booleans and strings choose a program. */
export type Parameter = Tensor | boolean | string;
/** What to pass for each parameter: for a scalar tensor a number will do. */
export type Arguments<P extends readonly Parameter[]> = {
  [K in keyof P]: P[K] extends Tensor ? Tensor | number : P[K];
};
/** What a compiled function may return. */
export type Results = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor } | void;

/** What {@link compile} may be told. */
export interface CompileOptions {
  /** Of the random numbers drawn inside: with the number of the run it decides them all. */
  readonly seed?: number;
  /** Default: where its variables live, else the one chosen with `useBackend`. */
  readonly backend?: Backend;
}

/** A function made into programs: call it as the plain one, and await its results, whose values are known then. */
export interface Compiled<P extends readonly Parameter[], R> {
  (...args: Arguments<P>): Promise<R>;
  /** The programs made so far, one for each combination of shapes, booleans and strings. */
  readonly programs: ReadonlyMap<string, { readonly program: Program; readonly executable: Executable }>;
  /** How often it has run. With the seed, the key of its random numbers: set it to go on where another left off. */
  runs: number;
  /** Frees the programs' constants. */
  dispose(): void;
}

/** One program, and how to call it. */
interface Built {
  readonly program: Program;
  readonly executable: Executable;
  readonly storages: readonly Storage[];
  readonly variables: readonly Variable[];
  readonly updated: readonly Variable[];
  readonly results: (values: readonly Values[]) => unknown;
}

/** Programs kept for each function. */
const KEPT = 64;
/** Seeds of compiled functions that are given none. */
const seeds = { next: 1 };
/** Numbers below this survive float32, on any backend. */
const WORD = 0xffffff;

/**
 * Records a function once for each combination of argument shapes; later calls only run the program. Numbers passed for
 * tensors are fed (a learning rate never records again); what the function closes over is frozen as it was.
 *
 * Nothing can be read inside: values do not exist while it is recorded. Return what you need.
 *
 * @example
 * ```ts
 * const step = compile((x: Tensor, y: Tensor, rate: Tensor) => {
 *   const loss = mean(square(subtract(multiply(x, w), y)));
 *   const [dw] = gradients(loss, [w]);
 *   w.assign(subtract(w, multiply(rate, dw!)));
 *   return loss;
 * });
 * const loss = await step(x, y, 0.1);
 * loss.number;
 * ```
 */
export function compile<P extends readonly Parameter[], R extends Results>(
  fn: (...args: P) => R,
  options: CompileOptions = {},
): Compiled<P, R> {
  const programs = new Map<string, Built>();
  const seed = (options.seed ?? seeds.next++) & WORD;

  function call(...args: readonly (Parameter | number)[]): Promise<R> {
    if (session.compiling !== undefined)
      return Promise.reject(
        new UsageError("a compiled function cannot be called inside another one; call the plain function there"),
      );
    let key = "";
    const given: (Tensor | number)[] = [];
    let unknown = false;
    for (const argument of args) {
      if (argument instanceof Tensor) {
        const current = argument.source.kind === "variable" ? (argument as Variable).current : argument;
        key += `${current.shape.join()};`;
        given.push(current);
        unknown ||= current.known === undefined;
      } else if (typeof argument === "number") {
        key += ";";
        given.push(argument);
      } else key += `${typeof argument} ${argument};`;
    }
    try {
      const built = programs.get(key) ?? keep(key, build(fn, args, options.backend));
      if (!unknown && session.open.updates.size === 0) return run(built, given);
      return evaluate(...given).then(() => run(built, given));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function run({ executable, storages, updated, results }: Built, given: readonly (Tensor | number)[]): Promise<R> {
    const feeds = given.map((argument) => (typeof argument === "number" ? Float64Array.of(argument) : argument.known!));
    feeds.push(Float32Array.of(seed, compiled.runs++ & WORD));
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

/** Records the function with arguments of these shapes, and makes its program. */
function build<P extends readonly Parameter[], R extends Results>(
  fn: (...args: P) => R,
  args: readonly (Parameter | number)[],
  chosen: Backend | undefined,
): Built {
  const recording = new Recording((self) => new Tensor([2], { kind: "feed", recording: self }));
  const feeds: Tensor[] = [];
  const given = args.map((argument) => {
    if (typeof argument === "boolean" || typeof argument === "string") return argument;
    const feed = new Tensor(typeof argument === "number" ? [] : argument.shape, { kind: "feed", recording });
    feeds.push(feed);
    return feed;
  });
  let result: R;
  let outputs: Tensor[];
  session.compiling = recording;
  try {
    result = fn(...(given as unknown as P));
    if (result instanceof Promise)
      throw new UsageError(
        "compile: the function must not be async: it describes the computation, which is awaited when it is called",
      );
    outputs = listOf(result).map((t) => (t.source.kind === "variable" ? (t as Variable).current : t));
  } finally {
    session.compiling = undefined;
  }

  const { updates } = recording;
  const order = sorted([...outputs, ...updates.values()], (t) => (t.known === undefined ? t.inputs : []));
  for (const t of order) checkBelongs(t, recording);
  const variables = [
    ...new Set([
      ...updates.keys(),
      ...order.flatMap((t) => (t.source.kind === "read" && t.known === undefined ? [t.source.variable] : [])),
    ]),
  ];
  const backend = chosen ?? backendFor(variables);
  const storages = variables.map((variable) => variable.memory(backend));
  const program = assemble({ outputs, updates, feeds: [...feeds, recording.seed!], variables }, backend);
  const results = (values: readonly Values[]): unknown => {
    const tensors = values.map((known, i) => leaf(outputs[i]!.shape, known));
    if (result instanceof Tensor) return tensors[0];
    if (Array.isArray(result)) return tensors;
    return result === undefined
      ? undefined
      : Object.fromEntries(Object.keys(result).map((name, i) => [name, tensors[i]]));
  };
  return { program, executable: backend.compile(program), storages, variables, updated: [...updates.keys()], results };
}

function listOf(result: Results): Tensor[] {
  const list = result instanceof Tensor ? [result] : Object.values(result ?? {});
  for (const t of list)
    if (!(t instanceof Tensor))
      throw new UsageError(
        `compile: the function must return tensors: one, an array or an object of them, or nothing; it returned ${typeof t}`,
        {
          got: typeof t,
        },
      );
  return list as Tensor[];
}

/** What a compiled function uses must mean the same at each call. */
function checkBelongs(t: Tensor, recording: Recording): void {
  const { source } = t;
  if (t.known !== undefined || (source.kind !== "feed" && source.kind !== "read") || source.recording === recording)
    return;
  throw source.kind === "feed"
    ? new UsageError("compile: this uses an argument of another compiled function; pass it as an argument of this one")
    : new UsageError(
        `compile: this uses a tensor over ${source.variable.toString()} that was recorded outside; record it inside, pass it as an ` +
          "argument, or await its data() first to make it a constant",
      );
}
