import { zero4 } from "./assembler/expression.ts";
import { plainMachine, type Body, type Machine } from "./assembler/function.ts";
import { instantiate, moduleOf, writeFunction } from "./assembler/module.ts";
import { writeProduct, type ProductShape } from "./kernels/product.ts";

/** Tiles that are the best on some engine: those with more rows need registers that not every one finds. */
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

/** Calls of a product in a measurement: an engine translates it again, better, after some tens. */
const CALLS = 120;
const chosen = new Map<boolean, Machine>();

/** Whether this engine can add a product without rounding it first. */
function canFuse(): boolean {
  const write: Body = (f, to) => f.store4(to, f.multiplyAdd4(zero4, zero4, zero4));
  const machine = { ...plainMachine, isFused: true };
  return WebAssembly.validate(moduleOf([writeFunction("probe", ["to"], write, { machine })]));
}

/**
 * The machine at hand: with the tile that a small product is fastest with, measured once in some milliseconds and kept. All
 * tiles add in the same order, so that results do not depend on which it is.
 *
 * @param mayFuse - Whether a product may be added without being rounded before: other bits than elsewhere.
 */
export function chooseMachine(mayFuse: boolean): Machine {
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

/** Of the fastest call, in milliseconds. */
function timeOf(machine: Machine): number {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const [rows, terms, columns] = [60, 64, 32];
  const shape: ProductShape = {
    rows,
    rowStep: 4 * terms,
    resultStep: 4 * columns,
    columns,
    terms: [{ count: terms, step: 4 }],
  };
  const write: Body = (f, a, b, c) => writeProduct(f, shape, a, b, c, f.local("i32", "none"));
  const module = moduleOf([writeFunction("tile", ["a", "b", "c"], write, { machine })]);
  const run = instantiate(module, memory)[0]!;
  const [a, b, c] = [0, 4 * rows * terms, 4 * (rows + columns) * terms];
  let best = Infinity;
  for (let call = 0; call < CALLS; call++) {
    const began = performance.now();
    run(a, b, c);
    best = Math.min(best, performance.now() - began);
  }
  return best;
}
