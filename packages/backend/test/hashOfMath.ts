import * as math from "../src/math.ts";
import { Random } from "../src/random.ts";

/** FNV-1a over the bits of many results: equal hashes mean equal bits. */
export function hashOfMath(): number {
  const random = new Random(2026);
  const view = new DataView(new ArrayBuffer(8));
  let hash = 0x811c9dc5;
  const add = (x: number): void => {
    view.setFloat64(0, x);
    for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ view.getUint8(i), 0x01000193);
  };
  for (let i = 0; i < 2000; i++) {
    const x = 20 * random.next() - 10;
    for (const f of [math.exp, math.expm1, math.sin, math.cos, math.tanh, math.erf, math.sigmoid]) add(f(x));
    for (const f of [math.log, math.log1p]) add(f(Math.abs(x)));
    add(math.power(Math.abs(x), x / 3));
  }
  for (const x of random.normal(1000)) add(x);
  return hash >>> 0;
}

/** Hash in Node; a browser must give the same. */
export const MATH_HASH = 2512520271;
