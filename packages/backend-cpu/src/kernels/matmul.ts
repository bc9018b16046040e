import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { Team } from "../team.ts";
import { PANEL, panelLength, writePack, writeProduct } from "./product.ts";

/** Products of so many terms are worth a call of their own. */
const TASK = 250_000;

/** The product of matrices, for each of a batch. */
export const matmul =
  (team: Team): Kernel<Block, Operations["matmul"]> =>
  ({ inputs: [shapeA], output, attributes: { transposeA, transposeB } }) => {
    const [m, n] = output.slice(-2) as [number, number];
    const k = shapeA!.at(transposeA ? -2 : -1)!;
    const batch = sizeOf(output.slice(0, -2));
    const [termStep, columnStep] = transposeB ? [4, 4 * k] : [4 * n, 4];
    /** Some columns: packs them, and multiplies. */
    const columns = (count: number) =>
      team.code(
        `matmul ${JSON.stringify([m, n, k, transposeA, transposeB, count])}`,
        ["a", "b", "y", "panels"],
        (f, a, b, y, panels) => {
          const [to, none] = [f.keep("to", panels!), f.local("i32", "none")];
          writePack(f, { terms: k, columns: count, termStep, columnStep }, b!, to);
          const shape = {
            rows: m,
            rowStep: transposeA ? 4 : 4 * k,
            resultStep: 4 * n,
            columns: count,
            terms: [{ count: k, step: transposeA ? 4 * m : 4 }],
            accumulate: false,
          };
          writeProduct(f, shape, a!, panels!, y!, none);
        },
        m * k * count,
      );
    // A single large product is shared out by its columns, many small ones one by one.
    const isShared = team.threads > 1 && batch < team.threads && n > PANEL;
    const each = isShared ? Math.min(n, PANEL * Math.ceil(TASK / (m * k * PANEL))) : n;
    const [calls, rest] = [Math.floor(n / each), n % each];
    const main = columns(each);
    const last = rest > 0 ? columns(rest) : undefined;
    const [stepA, stepB, stepY] = [4 * m * k, 4 * k * n, 4 * m * n];
    const length = panelLength(k, each);
    return ([a, b], y) => {
      const panels = team.scratch(0, length);
      if (calls === 1 && rest === 0) {
        main.each(batch, [a!.start, stepA], [b!.start, stepB], [y.start, stepY], [panels, 0, 4 * length]);
        return;
      }
      for (let i = 0; i < batch; i++) {
        const [fromA, fromB, to] = [a!.start + i * stepA, b!.start + i * stepB, y.start + i * stepY];
        main.each(calls, fromA, [fromB, each * columnStep], [to, each * 4], [panels, 0, 4 * length]);
        last?.call(fromA, fromB + calls * each * columnStep, to + calls * each * 4, panels);
      }
    };
  };
