import { zero4 } from "./assembler/expression.ts";
import { plainMachine, type Body, type Machine } from "./assembler/function.ts";
import { instantiate, moduleOf, writeFunction } from "./assembler/module.ts";
import { BYTES } from "./heap.ts";
import { writeProduct, type ProductShape } from "./kernels/product.ts";

/** The tiles that are the fastest on some engine. More rows need more registers than some engines have. */
const TILES: Readonly<Record<"rounded" | "fused", readonly Machine["tile"][]>> = {
  rounded: [
    { rows: 4, columns: 8, unroll: 1 },
    { rows: 4, columns: 8, unroll: 4 },
  ],
  fused: [
    { rows: 4, columns: 8, unroll: 1 },
    { rows: 6, columns: 8, unroll: 1 },
    { rows: 6, columns: 8, unroll: 2 },
  ],
};
/** The tile for an engine that packs vectors. On others it needs more registers than there are, and takes nearly twice as long. */
export const WIDE: Machine["tile"] = { rows: 4, columns: 16, unroll: 2 };

/** Calls of each product in a measurement: engines use optimized code after some tens of calls. */
const CALLS = 120;
/** Milliseconds after which code is optimized that may be packed, which takes longer. */
const PACKING = 20;
const chosen = new Map<string, Machine>();

/** Whether this engine has fused multiply-add. */
function canFuse(): boolean {
  const machine = { ...plainMachine, isFused: true };
  const probe = writeFunction("probe", 1, (f, to) => f.store4(to, f.multiplyAdd4(zero4, zero4, zero4)), machine);
  return WebAssembly.validate(moduleOf([probe]));
}

/**
 * The machine at hand, with the tile that is fastest for a small product. It is measured once, in some milliseconds. Every element is
 * the sum of the same terms in the same order whatever the tile, so results do not depend on the choice.
 *
 * @param options - `mayFuse`: whether fused multiply-add may be used, which gives other bits than other machines. `mayPack`:
 * whether the engine may pack two vectors into one.
 */
export function chooseMachine({ mayFuse, mayPack }: { readonly mayFuse: boolean; readonly mayPack: boolean }): Machine {
  const isFused = mayFuse && canFuse();
  const key = `${isFused} ${mayPack}`;
  let machine = chosen.get(key);
  if (machine === undefined) {
    const tiles = [...TILES[isFused ? "fused" : "rounded"], ...(mayPack ? [WIDE] : [])];
    const candidates = tiles.map((tile) => ({ isFused, tile }));
    const times = timesOf(candidates, mayPack ? PACKING : 0);
    machine = candidates[times.indexOf(Math.min(...times))] ?? plainMachine;
    chosen.set(key, machine);
  }
  return machine;
}

/** Milliseconds of the fastest call on each machine. They take turns, since other programs may slow down some calls. */
function timesOf(machines: readonly Machine[], atLeast: number): number[] {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const [rows, terms, columns] = [60, 64, 32];
  const shape: ProductShape = {
    rows,
    rowStep: terms,
    resultStep: columns,
    columns,
    terms: [{ count: terms, step: 1 }],
  };
  const write: Body = (f, a, b, c) => writeProduct(f, shape, { a, b, c, bias: f.local("i32") });
  const runs = machines.map((machine) => instantiate(moduleOf([writeFunction("tile", 3, write, machine)]), memory)[0]!);
  const [a, b, c] = [0, BYTES * rows * terms, BYTES * (rows + columns) * terms];
  const best = runs.map(() => Infinity);
  const end = performance.now() + atLeast;
  for (let call = 0; call < CALLS || performance.now() < end; call++)
    runs.forEach((run, i) => {
      const began = performance.now();
      run(a, b, c);
      best[i] = Math.min(best[i]!, performance.now() - began);
    });
  return best;
}
