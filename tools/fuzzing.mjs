// Common parts of the fuzzers: seeded random numbers, damage to files, and the loop over cases.
import { ConvlensError } from "../packages/backend/src/index.ts";

/** Seconds that a case may take, even on a busy machine. */
const LONGEST = 20;

/** Random numbers from a seed (splitmix32). */
export class Dice {
  #state;
  constructor(seed) {
    this.#state = seed >>> 0;
  }
  /** A whole number below 2³². */
  word() {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }
  /** A whole number from 0 to `below` − 1. */
  below(below) {
    return Math.floor((this.word() / 2 ** 32) * below);
  }
  /** A whole number from `least` to `most`, both included. */
  from(least, most) {
    return least + this.below(most - least + 1);
  }
  /** True with this probability. */
  chance(probability) {
    return this.word() < probability * 2 ** 32;
  }
  /** One element of an array. */
  pick(items) {
    return items[this.below(items.length)];
  }
  bytes(length) {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** Lengths and counts that readers often handle wrongly. */
const TREACHEROUS = [
  0,
  1,
  2,
  7,
  8,
  127,
  128,
  255,
  256,
  32767,
  32768,
  65535,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

/** Ways to damage a file; each returns a damaged copy. */
const damages = [
  function flipBits(bytes, dice) {
    const damaged = bytes.slice();
    for (let count = dice.from(1, 8); count > 0 && damaged.length > 0; count--)
      damaged[dice.below(damaged.length)] ^= 1 << dice.below(8);
    return damaged;
  },
  function flipBitsNearBegin(bytes, dice) {
    const damaged = bytes.slice();
    for (let count = dice.from(1, 3); count > 0 && damaged.length > 0; count--)
      damaged[dice.below(Math.min(damaged.length, 64))] ^= 1 << dice.below(8);
    return damaged;
  },
  function overwriteByte(bytes, dice) {
    const damaged = bytes.slice();
    if (damaged.length > 0)
      damaged[dice.below(damaged.length)] = dice.pick([0, 1, 0x7f, 0x80, 0xd8, 0xff, dice.below(256)]);
    return damaged;
  },
  function overwriteNumber(bytes, dice) {
    const damaged = bytes.slice();
    const size = dice.pick([2, 4, 8]);
    if (damaged.length < size) return damaged;
    const view = new DataView(damaged.buffer);
    const at = dice.below(Math.min(damaged.length - size, dice.pick([64, damaged.length])) + 1);
    const number = dice.pick(TREACHEROUS);
    const littleEndian = dice.chance(0.5);
    if (size === 2) view.setUint16(at, number & 0xffff, littleEndian);
    else if (size === 4) view.setUint32(at, number, littleEndian);
    else view.setBigUint64(at, dice.chance(0.2) ? 2n ** 64n - 1n : BigInt(number), littleEndian);
    return damaged;
  },
  function truncate(bytes, dice) {
    return bytes.slice(0, dice.below(bytes.length + 1));
  },
  function removePart(bytes, dice) {
    const at = dice.below(bytes.length + 1);
    const length = dice.from(1, dice.pick([4, 64]));
    return joined(bytes.subarray(0, at), bytes.subarray(at + length));
  },
  function insertRandom(bytes, dice) {
    const at = dice.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), dice.bytes(dice.from(1, dice.pick([4, 64]))), bytes.subarray(at));
  },
  function repeatPart(bytes, dice) {
    const at = dice.below(bytes.length + 1);
    const length = dice.from(1, dice.pick([8, 256]));
    return joined(bytes.subarray(0, at + length), bytes.subarray(at));
  },
];

/** Joins arrays of bytes. */
export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A damaged copy of a file: bits and numbers changed, cut, or spliced with itself or another file. */
export function damage(bytes, dice, other = bytes) {
  let damaged = bytes;
  for (let count = dice.chance(0.7) ? 1 : dice.from(2, 6); count > 0; count--)
    damaged = dice.chance(0.1)
      ? joined(damaged.subarray(0, dice.below(damaged.length + 1)), other.subarray(dice.below(other.length + 1)))
      : dice.pick(damages)(damaged, dice);
  return damaged;
}

/** An input as text for the report of a failure. */
function shown(input) {
  if (input instanceof Uint8Array)
    return `${input.length} bytes, base64 ${Buffer.from(input).toString("base64").slice(0, 20_000)}`;
  return typeof input === "string" ? input : JSON.stringify(input);
}

/**
 * Tries cases until `until(tried)` is true, and returns their number.
 *
 * @param one - Tries a case, with its random numbers and a function that records the input. Every error that it throws is a failure;
 *   it catches expected errors itself, for example with {@link outcome}.
 */
export async function cases({ seed, until }, one) {
  let tried = 0;
  for (; !until(tried); tried++) {
    let input;
    const started = Date.now();
    const failed = (what, cause) =>
      new Error(`seed ${seed}, case ${tried}: ${what}\ninput: ${shown(input)}`, { cause });
    try {
      await one(new Dice(seed ^ Math.imul(tried + 1, 0x9e3779b1)), (given) => {
        input = given;
      });
    } catch (error) {
      throw failed(error instanceof Error ? error.message : String(error), error);
    }
    const seconds = (Date.now() - started) / 1000;
    if (seconds > LONGEST) throw failed(`took ${seconds} s`);
  }
  return tried;
}

/** The result of a call, or `undefined` where it throws an error of Convlens; any other error is a failure. */
export async function outcome(call) {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ConvlensError || error?.name === "CommandLineError") return undefined;
    throw error;
  }
}

/** Throws unless a condition holds. */
export function check(holds, what) {
  if (!holds) throw new Error(what);
}
