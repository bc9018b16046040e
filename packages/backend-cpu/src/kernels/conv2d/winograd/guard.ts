import { int, load4, zero4, type Local } from "../../../assembler/expression.ts";
import { f32x4, i32, v128, type Expression } from "../../../assembler/instructions.ts";
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
  readonly #sum: Local<"v128">;
  #isEmpty = true;

  constructor(f: FunctionWriter) {
    this.#f = f;
    this.#found = f.keep("found", zero4);
    this.#sum = f.local("v128", "watched");
  }

  /** Writes: adds a result to the sum of those that are watched, and returns it. */
  see(value: Vector): Vector {
    const kept = this.#f.keep("seen", value);
    this.#f.set(this.#sum, this.#isEmpty ? kept : f32x4.add(this.#sum, kept));
    this.#isEmpty = false;
    return kept;
  }

  /** Writes: looks at the sum. A number minus itself is 0, or NaN if it is not finite. */
  look(): void {
    this.#f.set(this.#found, f32x4.add(this.#found, f32x4.sub(this.#sum, this.#sum)));
    this.#isEmpty = true;
  }

  /** Writes: stores what was found since the last time in a flag, and moves its address on. */
  store(flag: Address): void {
    this.#f.store4(flag, this.#found);
    this.#f.advance(flag, FLAG);
    this.#f.set(this.#found, zero4);
  }

  /** Whether a number that is not finite was found. */
  get hasFound(): Expression<"i32"> {
    return v128.any_true(f32x4.ne(this.#found, this.#found));
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
    f.when(v128.any_true(f32x4.ne(found, found)), () => repair(row));
    f.advance(flag, FLAG);
    f.set(row, i32.add(row, int(1)));
  });
}
