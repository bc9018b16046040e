import {
  add,
  anyBit,
  calculate4,
  differMask4,
  int,
  load4,
  zero4,
  type Expression,
  type Local,
} from "../../../assembler/expression.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import type { TileRows } from "../tiles.ts";

// The results of a tile are sums over all of its products. Products that a result does not depend on cancel, but infinity and NaN
// do not cancel: they would make NaN of results that do not see them. So some results of each tile are watched, chosen such that
// each of the 36 products counts in at least one of them. Where one of these is not finite, the results are computed again as
// direct sums. For finite results no bit changes.

type Address = Local<"i32">;
type Vector = Expression<"v128">;

/** Bytes of a flag: a vector of zeros, or with NaN where a row of tiles must be computed again. */
const FLAG = 16;

/** Numbers that the flags of `rows` rows of tiles take. */
export const flagNumbers = (rows: number): number => (FLAG / 4) * rows;

/** Finds results that are not finite. */
export class Watch {
  readonly #f: FunctionWriter;
  readonly #found: Local<"v128">;

  constructor(f: FunctionWriter) {
    this.#f = f;
    this.#found = f.keep("found", zero4);
  }

  /** Writes: looks at some numbers. A sum minus itself is 0, or NaN if the sum is not finite. */
  see(values: readonly Vector[]): void {
    const sum = this.#f.keep(
      "watched",
      values.reduce((total, value) => calculate4("add", total, value)),
    );
    this.#f.set(this.#found, calculate4("add", this.#found, calculate4("sub", sum, sum)));
  }

  /** Writes: stores what was found since the last time in a flag, and moves its address on. */
  store(flag: Address): void {
    this.#f.store4(flag, this.#found);
    this.#f.advance(flag, FLAG);
    this.#f.set(this.#found, zero4);
  }

  /** Whether a number that is not finite was found. */
  get hasFound(): Expression<"i32"> {
    return anyBit(differMask4(this.#found, this.#found));
  }
}

/** Writes: does something for each row of tiles with a flag that is set. */
export function eachFlagged(
  f: FunctionWriter,
  flags: Expression<"i32">,
  { first, count }: TileRows,
  repair: (row: Address) => void,
): void {
  const [flag, row] = [f.keep("flag", flags), f.keep("row", first)];
  f.times(count, () => {
    const found = f.keep("found", load4(flag));
    f.when(anyBit(differMask4(found, found)), () => repair(row));
    f.advance(flag, FLAG);
    f.set(row, add(row, int(1)));
  });
}
