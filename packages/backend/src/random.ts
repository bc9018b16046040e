import { cos, log } from "./math.ts";
import { checkValue, seedOption, wholeFrom } from "./options.ts";

/** Rotations of four rounds, and of the next four. */
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/**
 * Threefry-2×32 with 20 rounds (Salmon et al. 2011): two random words for every key and counter, without a state. It is the
 * source of all random numbers in Convlens, so that a number depends only on its seed, stream and index.
 */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  let [now, next, later] = [key0 | 0, key1 | 0, 0x1bd11bda ^ key0 ^ key1];
  let a = (counter0 + now) | 0;
  let b = (counter1 + next) | 0;
  for (let injection = 1; injection <= 5; injection++) {
    for (const turn of rotations[injection % 2 === 1 ? 0 : 1]) {
      a = (a + b) | 0;
      b = ((b << turn) | (b >>> (32 - turn))) ^ a;
    }
    [now, next, later] = [next, later, now];
    a = (a + now) | 0;
    b = (b + next + injection) | 0;
  }
  return [a >>> 0, b >>> 0];
}

/** State of a {@link Random}, from which it can continue. */
export interface RandomState {
  readonly seed: number;
  readonly stream: number;
  readonly count: number;
}

/** Hashes a name by FNV-1a, to number streams by their purpose. */
function wordOf(label: number | string): number {
  if (typeof label === "number") {
    checkValue("Random.split", "label", label, seedOption);
    return label;
  }
  let hash = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Random numbers on the host, equal in every JavaScript engine. `split` makes independent streams, so that shuffling
 * does not affect initialization.
 *
 * @example
 * ```ts
 * const random = new Random(42);
 * random.normal(3); // three numbers of mean 0 and deviation 1
 * random.split("shuffle").permutation(5); // 0…4 in some order
 * ```
 */
export class Random {
  readonly #seed: number;
  readonly #stream: number;
  #count: number;

  /**
   * @param seed - A whole number from 0 to 2³² − 1.
   * @throws `ValueError` for any other seed.
   */
  constructor(seed: number, stream = 0, count = 0) {
    checkValue("Random", "seed", seed, seedOption);
    checkValue("Random", "stream", stream, seedOption);
    checkValue("Random", "count", count, wholeFrom(0));
    this.#seed = seed;
    this.#stream = stream;
    this.#count = count;
  }

  /** Makes a generator that continues from a state. */
  static from({ seed, stream, count }: RandomState): Random {
    return new Random(seed, stream, count);
  }

  /** Current state. */
  get state(): RandomState {
    return { seed: this.#seed, stream: this.#stream, count: this.#count };
  }

  /** Makes an independent stream, which depends on the label and not on the numbers drawn so far. */
  split(label: number | string): Random {
    return new Random(this.#seed, threefry(this.#stream, 0x5eed, wordOf(label), 0)[0]);
  }

  /** A whole number below 2³². */
  word(): number {
    return threefry(this.#seed, this.#stream, this.#count++, 0)[0];
  }

  /** Uniform in [0, 1), a multiple of 2⁻²⁴. */
  next(): number {
    return (this.word() >>> 8) / 0x1000000;
  }

  /** A whole number from 0 to `below` − 1, all equally likely; `below` is at most 2³². */
  integer(below: number): number {
    checkValue("Random.integer", "below", below, wholeFrom(1, 0x100000000));
    // Words past the last multiple of `below` would favour small numbers, so they are drawn again.
    const limit = 0x100000000 - (0x100000000 % below);
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % below;
  }

  /** `n` uniform numbers in [from, to). */
  uniform(n: number, from = 0, to = 1): Float32Array {
    return Float32Array.from({ length: n }, () => from + (to - from) * this.next());
  }

  /** `n` normal numbers, by Box and Muller. */
  normal(n: number, mean = 0, deviation = 1): Float32Array {
    return Float32Array.from({ length: n }, () => {
      const [a, b] = threefry(this.#seed, this.#stream, this.#count++, 1);
      const radius = Math.sqrt(-2 * log((a + 0.5) / 0x100000000));
      return mean + deviation * radius * cos((2 * Math.PI * (b + 0.5)) / 0x100000000);
    });
  }

  /** The numbers 0 … n − 1 in random order (Fisher and Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}
