import { ShapeError, showShape } from "@convlens/backend";
import { add, concat, type Tensor } from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";

/** What a body makes, added to what came in: body(x) + shortcut(x) (He 2016). */
export class Residual implements Layer {
  readonly body: Layer;
  /** Brings x to the shape of what the body makes, where that differs. */
  readonly shortcut: Layer | undefined;

  constructor({ body, shortcut }: { readonly body: Layer; readonly shortcut?: Layer }) {
    this.body = body;
    this.shortcut = shortcut;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const y = this.body.call(x, mode);
      const past = this.shortcut?.call(x, mode) ?? x;
      if (showShape(y.shape) !== showShape(past.shape))
        throw new ShapeError(
          `the body makes ${showShape(y.shape)}, the shortcut ${showShape(past.shape)}, and they cannot be added; give a shortcut that ends in the ` +
            "same shape, such as a Conv2d of kernelSize 1",
          { operation: "residual", expected: y.shape, got: past.shape, fix: "a shortcut Conv2d of kernelSize 1" },
        );
      return add(y, past);
    });
  }
}

/** Branches that see the same input, their maps stacked along the channels. */
export class Parallel implements Layer {
  readonly branches: readonly Layer[];

  constructor(branches: readonly Layer[]) {
    this.branches = branches;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () =>
      concat(
        this.branches.map((branch) => branch.call(x, mode)),
        -1,
      ),
    );
  }
}
