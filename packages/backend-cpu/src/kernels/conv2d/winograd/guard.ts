import { highOf, int, load4, lowOf, zero4, type Local, type Pointer } from "../../../assembler/expression.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import { f32x4, i32, v128, type Int, type Vector } from "../../../assembler/instructions.ts";
import type { TileRows } from "../tiles.ts";

// The results of a tile are sums over all of its products. Products that a result does not depend on cancel, but infinity and NaN
// do not cancel: they would make results NaN whose windows do not contain them. So some results of each tile are checked, chosen such
// that each of the 36 products is a term of at least one of them. If one of these is not finite, the results are computed again as
// direct sums. No bit of a finite result changes.

/** Numbers of a flag: a vector of zeros, or with NaN if a row of tiles must be computed again. */
const FLAG = 4;

/** Numbers of the flags of `rows` rows of tiles. */
export const flagNumbers = (rows: number): number => FLAG * rows;

/** Finds results that are not finite. */
export class FiniteCheck {
  readonly #f: FunctionWriter;
  readonly #found: Local<"v128">;
  readonly #sum: Local<"v128">;
  #isEmpty = true;

  constructor(f: FunctionWriter) {
    this.#f = f;
    this.#found = f.keep(zero4);
    this.#sum = f.local("v128");
  }

  /** Writes: adds a result to the sum of the tile, and returns it. */
  add(value: Vector): Vector {
    const result = this.#f.keep(value);
    this.#f.set(this.#sum, this.#isEmpty ? result : f32x4.add(this.#sum, result));
    this.#isEmpty = false;
    return result;
  }

  /** Writes: checks the sum of the tile. A number minus itself is 0, or NaN if it is not finite. */
  endTile(): void {
    const found = f32x4.sub(this.#sum, this.#sum);
    this.#f.set(this.#found, f32x4.add(this.#found, lowOf(found)));
    if (found.high !== undefined) this.#f.set(this.#found, f32x4.add(this.#found, highOf(found)));
    this.#isEmpty = true;
  }

  /** Writes: stores the findings since the last call in a flag, and moves its address on. */
  store(flag: Pointer): void {
    this.#f.store4(flag, this.#found);
    this.#f.advance(flag, FLAG);
    this.#f.set(this.#found, zero4);
  }

  /** Whether a number that is not finite was found. */
  get hasFound(): Int {
    return v128.any_true(f32x4.ne(this.#found, this.#found));
  }
}

/** Writes: repairs each row of tiles whose flag is set. */
export function eachFlagged(
  f: FunctionWriter,
  flags: Int,
  { first, count }: TileRows,
  repair: (row: Pointer) => void,
): void {
  const [flag, row] = [f.keep(flags), f.keep(first)];
  f.times(count, () => {
    const found = f.keep(load4(flag));
    f.when(v128.any_true(f32x4.ne(found, found)), () => repair(row));
    f.advance(flag, FLAG);
    f.set(row, i32.add(row, int(1)));
  });
}
