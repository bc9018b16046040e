import {
  checkValue,
  Random,
  seedOption,
  threefry,
  UsageError,
  type Backend,
  type Scope,
  type Values,
} from "@convlens/backend";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/**
 * A recording: the assignments since it began, in order. Outside of compiled functions there is always one, which ends at the
 * next evaluation; a compiled function has its own.
 */
export class Recording {
  /** Values that were assigned to variables. */
  readonly updates: Map<Variable, Tensor> = new Map();
  /** Inside a compiled function: the values of variables when it began. */
  readonly reads: Map<Variable, Tensor> = new Map();
  /** Seed of the random numbers of a compiled function, fed at each run; `undefined` outside of one. */
  readonly seed: Tensor | undefined;
  /** Number of random tensors drawn so far; each has its own stream. */
  draws = 0;

  constructor(makeSeed?: (recording: Recording) => Tensor) {
    this.seed = makeSeed?.(this);
  }
}

const noBackend = (): UsageError =>
  new UsageError({
    problem: "no backend chosen",
    fix: "call useBackend(await cpu()), the fast one, or useBackend(reference()) before values are read",
  });

/** State that recording and evaluation share. */
class Session {
  /** Recording of the compiled function that is being recorded now. */
  compiling: Recording | undefined;
  /** Recording outside of compiled functions. */
  open: Recording = new Recording();
  backend: Backend | undefined;
  captureSites = false;
  /** Part of a model that is being recorded now. */
  scope: Scope | undefined;
  /** Seed of random tensors outside of compiled functions; each draw also has a number. */
  seed = 0;
  draws = 0;
  /** Number of calls of {@link streamFor} for each name since the seed was set. */
  readonly streams: Map<string, number> = new Map();
  /** Set by `useBackend`, so that no import has a side effect. */
  evaluate: (tensors: readonly Tensor[]) => Promise<Values[]> = () => Promise.reject(noBackend());

  /** Recording that an operation belongs to now. */
  get recording(): Recording {
    return this.compiling ?? this.open;
  }

  /** Array type of values, by the precision of the backend. */
  get Numbers(): Float32ArrayConstructor | Float64ArrayConstructor {
    return this.backend?.precision === "float64" ? Float64Array : Float32Array;
  }
}

/** The session of this process. */
export const session: Session = /* @__PURE__ */ new Session();

/**
 * Returns the backend that `useBackend` chose.
 *
 * @throws `UsageError` if none was chosen yet.
 */
export function currentBackend(): Backend {
  if (session.backend === undefined) throw noBackend();
  return session.backend;
}

/**
 * Sets whether every tensor remembers the line that recorded it, for error messages and `checked(backend)`. It is slow.
 */
export function captureCallSites(on: boolean): void {
  session.captureSites = on;
}

/** Largest number that float32, in which a backend receives the key of its random numbers, represents exactly with all smaller ones. */
const WORD = 0xffffff;

/** Key of the random numbers of a seed and a count: both unchanged if float32 represents them exactly, else hashed. */
export function randomKey(seed: number, count: number): Float32Array {
  if (seed <= WORD && count <= WORD) return Float32Array.of(seed, count);
  const [a, b] = threefry(seed, 0x5eed, count, 0);
  return Float32Array.of(a >>> 8, b >>> 8);
}

/**
 * Sets the seed of `uniform`, `normal` and `dropout` outside of compiled functions, and of the initial values of parameters that
 * are made outside of `build`. Default: 0.
 *
 * @param seed - A whole number from 0 to 2³² − 1.
 * @throws `ValueError` for any other seed.
 */
export function setSeed(seed: number): void {
  checkValue("setSeed", "seed", seed, seedOption);
  session.seed = seed;
  session.draws = 0;
  session.streams.clear();
}

/**
 * Makes random numbers for initial values outside of `build`, from the seed of {@link setSeed}, a name and a count.
 *
 * @param count - Default: the number of calls with that name since the seed was set, so that two streams of one name differ.
 *
 * @example
 * ```ts
 * streamFor("weights").next() === streamFor("weights").next(); // false
 * ```
 */
export function streamFor(name: string, count?: number): Random {
  const random = new Random(session.seed).split(name);
  if (count === undefined) {
    count = session.streams.get(name) ?? 0;
    session.streams.set(name, count + 1);
  }
  return count === 0 ? random : random.split(count);
}
