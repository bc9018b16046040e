import type { Conv2dGeometry } from "@convlens/backend";
import { NOWHERE } from "../../heap.ts";
import type { Runtime } from "../../runtime.ts";
import { matrixProduct, type MatrixProduct } from "../matmul.ts";
import type { Convolver, Launch } from "./convolver.ts";
import { direct } from "./direct.ts";

/** Whether each window is a single pixel, at the position of its output. A transposed convolution may shift windows. */
export function isPixelwise({ height, width, groups }: Conv2dGeometry): boolean {
  return (
    groups === 1 &&
    [height, width].every((s) => s.window === 1 && s.stride === 1 && s.before === 0 && s.output === s.input)
  );
}

/** Windows of one pixel: the product of two matrices [pixels, channels] and [channels, filters]. */
export function pixelwise(runtime: Runtime, g: Conv2dGeometry): Convolver {
  const m = g.batch * g.height.input * g.width.input;
  const launch = (product: Omit<MatrixProduct, "m" | "transposeA">): Launch => {
    const run = matrixProduct(runtime, { m, transposeA: false, ...product });
    return (a, b, y, bias) => run({ a: a.start, b: b.start, y: y.start, bias: bias?.start ?? NOWHERE });
  };
  return {
    forward: (epilogue) => launch({ k: g.inChannels, n: g.outChannels, transposeB: false, epilogue }),
    inputGradient: () => launch({ k: g.outChannels, n: g.inChannels, transposeB: true }),
    // Summed over the parts of a batch, which is more exact than one long sum.
    filterGradient: () => direct(runtime, g).filterGradient(),
  };
}
