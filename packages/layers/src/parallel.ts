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
      throw new ShapeError(
        `the branches' maps can only be stacked if all axes but the channels agree: branches.0 makes ${showShape(maps[0]!.shape)}, ` +
          `branches.${other} ${showShape(maps[other]!.shape)}; padding: "same" keeps sizes`,
        { operation: "parallel", expected: maps[0]!.shape, got: maps[other]!.shape, fix: 'padding: "same"' },
      );
    });
  }
}
