import type { Conv2dGeometry, Convolution, Input, Kernel, Op, Products } from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import { isDepthwise, type Convolver, type ConvolverMaker } from "./conv2d/convolver.ts";
import { direct } from "./conv2d/direct.ts";
import { isPixelwise, pixelwise } from "./conv2d/pixelwise.ts";
import { allowsWinograd, prefersWinograd } from "./conv2d/winograd/rule.ts";
import { canShare, gradients, type Results } from "./conv2d/winograd/gradients.ts";
import { winograd } from "./conv2d/winograd/winograd.ts";

const usesWinograd = (runtime: Runtime, g: Conv2dGeometry): boolean =>
  ({ never: false, auto: prefersWinograd(g), always: allowsWinograd(g) })[runtime.winograd];

/** Whether it is faster to compute all gradients of a convolution together. */
export const joinsGradients = (runtime: Runtime, g: Conv2dGeometry): boolean =>
  usesWinograd(runtime, g) && canShare(runtime, g);

/** The fastest algorithm for a convolution, chosen by its geometry alone, so that all machines compute the same. */
function convolverOf(runtime: Runtime, g: Conv2dGeometry, depthwise: ConvolverMaker | undefined): Convolver {
  if (isPixelwise(g)) return pixelwise(runtime, g);
  if (depthwise !== undefined && isDepthwise(g)) return depthwise(runtime, g);
  return usesWinograd(runtime, g) ? winograd(runtime, g) : direct(runtime, g);
}

/** A convolution or one of its gradients: two inputs, and perhaps a bias. */
type AnyConvolution = Op<[first: Input, second: Input, ...bias: Input[]], Convolution>;

const together =
  (runtime: Runtime): CpuKernel<"conv2dGradients"> =>
  ({ attributes: { geometry, ...wanted } }) => {
    const run = gradients(runtime, geometry, wanted);
    return ([dy, x, filters, y], first, others) => {
      const results: Results = Object.fromEntries(
        wanted.results.map((name, i) => [name, i === 0 ? first : others[i - 1]!]),
      );
      run({ dy, x, filters, y }, results);
    };
  };

/**
 * Convolutions and their gradients.
 *
 * @param depthwise - Absent until a program needs it.
 */
export function conv2dKernels(
  runtime: Runtime,
  depthwise?: ConvolverMaker,
): CpuKernels<Exclude<keyof Products, "matmul"> | "conv2dBias" | "conv2dBiasRelu" | "conv2dGradients"> {
  const kernel =
    (launchOf: (convolver: Convolver) => ReturnType<Convolver["forward"]>): Kernel<Block, AnyConvolution> =>
    ({ attributes: { geometry } }) => {
      const launch = launchOf(convolverOf(runtime, geometry, depthwise));
      return ([first, second, bias], result) => launch(first, second, result, bias);
    };
  return {
    conv2d: kernel((convolver) => convolver.forward()),
    conv2dBias: kernel((convolver) => convolver.forward("bias")),
    conv2dBiasRelu: kernel((convolver) => convolver.forward("biasRelu")),
    conv2dInputGradient: kernel((convolver) => convolver.inputGradient()),
    conv2dFilterGradient: kernel((convolver) => convolver.filterGradient()),
    conv2dGradients: together(runtime),
  };
}
