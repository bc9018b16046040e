import { UsageError } from "./errors.ts";
import { nextTurn } from "./turn.ts";

const MEBIBYTE = 2 ** 20;
/** Bytes that are allocated between two turns of the event loop: finalizers run in a turn of their own. */
const BETWEEN_TURNS = 256 * MEBIBYTE;
/** Bytes that may be held before garbage is looked for. */
const FIRST_LIMIT = 512 * MEBIBYTE;
/** Bytes of one piece of garbage. Nothing is written there, so that operating systems give no memory for it. */
const GARBAGE = 128 * MEBIBYTE;
/** Pieces of garbage that are held at once: young garbage alone is collected without a look at older objects. */
const MOST_PIECES = 8;
/** Turns of the event loop after which an engine has collected all that it will. */
const MOST_TURNS = 50;
/** What became garbage while the engine was marking survives the first collection. */
const COLLECTIONS = 2;

/**
 * Paces allocations of memory that engines do not see, so that finalizers of objects that hold such memory run in time: an
 * engine collects when its own heap has grown, and runs finalizers when the event loop turns.
 */
export class Pacer {
  /** Bytes that are held now. */
  held = 0;
  readonly #most: number;
  #limit: number;
  #sinceTurn = 0;

  /** @param most - The most bytes that can be held. */
  constructor(most: number = Infinity) {
    this.#most = most;
    this.#limit = Math.min(FIRST_LIMIT, most / 2);
  }

  /**
   * Allocates, after garbage was looked for where much is held, and again where there is no room.
   *
   * @param spare - Frees what is only kept to be quick.
   */
  async allocate<T>(bytes: number, allocate: () => T, spare: () => void): Promise<T> {
    this.#sinceTurn += bytes;
    if (this.#sinceTurn > BETWEEN_TURNS) {
      this.#sinceTurn = 0;
      await nextTurn();
    }
    if (this.held + bytes > this.#limit) {
      await collectGarbage(() => this.held + bytes <= this.#limit / 2);
      // As garbage collectors do: the next look is due when twice as much is held, or half of what is left.
      const now = this.held + bytes;
      this.#limit = Math.max(Math.min(FIRST_LIMIT, this.#most / 2), Math.min(2 * now, (now + this.#most) / 2));
    }
    try {
      return allocate();
    } catch (error) {
      if (bytes > this.#most || error instanceof UsageError) throw error;
      spare();
      await collectGarbage(() => false);
      return allocate();
    }
  }
}

/**
 * Makes the engine collect garbage and run finalizers, as far as a program can: until there is enough, or nothing more comes.
 *
 * @param isEnough - Asked before each turn of the event loop.
 */
export async function collectGarbage(isEnough: () => boolean): Promise<void> {
  const seen = { collections: 0, watched: -1 };
  let pieces: ArrayBuffer[] = [];
  const collected = new FinalizationRegistry(() => seen.collections++);
  for (let i = 0; i < MOST_TURNS && seen.collections < COLLECTIONS && !isEnough(); i++) {
    if (seen.watched < seen.collections) collected.register({}, undefined);
    seen.watched = seen.collections;
    if (pieces.length === MOST_PIECES) pieces = [];
    try {
      pieces.push(new ArrayBuffer(GARBAGE));
    } catch {
      pieces = [];
    }
    await nextTurn();
  }
}
