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
 * One stretch of recording: what was assigned since it began, in order. Outside of compiled functions there is always one,
 * which ends when something is evaluated; a compiled function has its own.
 */
export class Recording {
  /** What variables have become, by assignment. */
  readonly updates: Map<Variable, Tensor> = new Map();
  /** Inside a compiled function: what they were when it began. */
  readonly reads: Map<Variable, Tensor> = new Map();
  /** The seed of a compiled function's random numbers, fed at each run; `undefined` outside of one. */
  readonly seed: Tensor | undefined;
  /** Random tensors drawn so far: each has a stream of its own. */
  draws = 0;

  constructor(makeSeed?: (recording: Recording) => Tensor) {
    this.seed = makeSeed?.(this);
  }
}

const noBackend = (): UsageError =>
  new UsageError(
    "no backend chosen: call useBackend(await cpu()), the fast one, or useBackend(reference()) before values are asked for",
    { fix: "useBackend(await cpu())" },
  );

/** What recording shares with evaluating. */
class Session {
  /** The compiled function being recorded now. */
  compiling: Recording | undefined;
  /** The recording outside of compiled functions. */
  open: Recording = new Recording();
  backend: Backend | undefined;
  captureSites = false;
  /** What is being recorded now belongs to this part of a model. */
  scope: Scope | undefined;
  /** Seeds of random tensors outside of compiled functions: this one, and a number for each draw. */
  seed = 0;
  draws = 0;
  /** How often {@link streamFor} was asked for each name since the seed was set. */
  readonly streams: Map<string, number> = new Map();
  /** Filled in by `useBackend`, so that no import has an effect. */
  evaluate: (tensors: readonly Tensor[]) => Promise<Values[]> = () => Promise.reject(noBackend());

  /** The recording that an operation belongs to now. */
  get recording(): Recording {
    return this.compiling ?? this.open;
  }

  /** The arrays that values are presented in: those of the backend's precision. */
  get Numbers(): Float32ArrayConstructor | Float64ArrayConstructor {
    return this.backend?.precision === "float64" ? Float64Array : Float32Array;
  }
}

/** The one session of this program. */
export const session: Session = /* @__PURE__ */ new Session();

/**
 * The backend that `useBackend` chose.
 *
 * @throws `UsageError` if none was chosen yet.
 */
export function currentBackend(): Backend {
  if (session.backend === undefined) throw noBackend();
  return session.backend;
}

/**
 * Debugging: whether every tensor remembers the line that recorded it, for error messages and `checked(backend)`. Slow.
 */
export function captureCallSites(on: boolean): void {
  session.captureSites = on;
}

/** Numbers up to this survive float32, in which a backend is fed the key of its random numbers. */
const WORD = 0xffffff;

/** The key of the random numbers of a seed and a count: both as they are where they survive float32, else hashed. */
export function randomKey(seed: number, count: number): Float32Array {
  if (seed <= WORD && count <= WORD) return Float32Array.of(seed, count);
  const [a, b] = threefry(seed, 0x5eed, count, 0);
  return Float32Array.of(a >>> 8, b >>> 8);
}

/**
 * Where the random numbers of `uniform`, `normal` and `dropout` begin outside of compiled functions, and the first values of
 * parameters that are made outside of `build`. Default: 0.
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
 * Random numbers for the first values of something that is made outside of `build`: by the seed of {@link setSeed}, its name,
 * and a count.
 *
 * @param count - Default: how often that name was asked for since the seed was set, so that two things of one name differ.
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
