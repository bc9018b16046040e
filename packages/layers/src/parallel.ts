import { ShapeError, showShape } from "@convlens/backend";
import { concat, type Tensor } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { apply, checkLayers, run, type Layer, type Mode } from "./layer.ts";

/**
 * Branches with the same input, whose outputs are concatenated along the channels: `[…, c1], […, c2] → […, c1 + c2]`.
 *
 * @example
 * ```ts
 * new Parallel([
 *   new Conv2d({ filters: 8, kernelSize: 1 }),
 *   new Conv2d({ filters: 8, kernelSize: 3, padding: "same" }),
 * ]);
 * ```
 */
export class Parallel extends PrintedLayer implements Layer {
  readonly branches: readonly Layer[];

  constructor(branches: readonly Layer[]) {
    super();
    checkLayers("Parallel", "branches", branches);
    this.branches = branches;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, (inner) => {
      const maps = this.branches.map((branch) => apply(branch, x, inner));
      const places = (t: Tensor | undefined): string => `${t?.shape.slice(0, -1)}`;
      const other = maps.findIndex((y) => places(y) !== places(maps[0]));
      if (other < 0) return concat(maps, -1);
      throw new ShapeError({
        operation: "parallel",
        what: `the output of branches.${other}`,
        expected: `equal to ${showShape(maps[0]!.shape)}, that of branches.0, in all axes but the channels`,
        got: maps[other]!.shape,
        fix: 'keep sizes with padding: "same"',
      });
    });
  }
}
