import { zero4 } from "./assembler/expression.ts";
import { plainMachine, type Body, type Machine } from "./assembler/function.ts";
import { instantiate, moduleOf, writeFunction } from "./assembler/module.ts";
import { BYTES } from "./heap.ts";
import { writeProduct, type ProductShape } from "./kernels/product.ts";

/** The tiles that are the fastest on some engine. More rows need more registers than some engines have. */
const TILES: Readonly<Record<"rounded" | "fused", readonly Machine["tile"][]>> = {
  rounded: [
    { rows: 4, unroll: 1 },
    { rows: 4, unroll: 4 },
  ],
  fused: [
    { rows: 4, unroll: 1 },
    { rows: 6, unroll: 1 },
    { rows: 6, unroll: 2 },
  ],
};

/** Calls of a product in a measurement: engines use optimized code after some tens of calls. */
const CALLS = 120;
const chosen = new Map<boolean, Machine>();

/** Whether this engine has fused multiply-add. */
function canFuse(): boolean {
  const machine = { ...plainMachine, isFused: true };
  const probe = writeFunction("probe", 1, (f, to) => f.store4(to, f.multiplyAdd4(zero4, zero4, zero4)), machine);
  return WebAssembly.validate(moduleOf([probe]));
}

/**
 * The machine at hand, with the tile that is fastest for a small product. It is measured once, in some milliseconds. All tiles add
 * in the same order, so results do not depend on the choice.
 *
 * @param options - `mayFuse`: whether fused multiply-add may be used, which gives other bits than other machines.
 */
export function chooseMachine({ mayFuse }: { readonly mayFuse: boolean }): Machine {
  const isFused = mayFuse && canFuse();
  let machine = chosen.get(isFused);
  if (machine === undefined) {
    let best = Infinity;
    for (const tile of TILES[isFused ? "fused" : "rounded"]) {
      const candidate = { isFused, tile };
      const time = timeOf(candidate);
      if (time < best) [best, machine] = [time, candidate];
    }
    machine ??= plainMachine;
    chosen.set(isFused, machine);
  }
  return machine;
}

/** Milliseconds of the fastest call. */
function timeOf(machine: Machine): number {
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
  const run = instantiate(moduleOf([writeFunction("tile", 3, write, machine)]), memory)[0]!;
  const [a, b, c] = [0, BYTES * rows * terms, BYTES * (rows + columns) * terms];
  let best = Infinity;
  for (let call = 0; call < CALLS; call++) {
    const began = performance.now();
    run(a, b, c);
    best = Math.min(best, performance.now() - began);
  }
  return best;
}
