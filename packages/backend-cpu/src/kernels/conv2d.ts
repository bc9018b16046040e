import type { Conv2dGeometry, Convolution, ConvolutionGradients, Kernel } from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { Team } from "../team.ts";
import type { Convolver } from "./conv2d/convolver.ts";
import { depthwise, isDepthwise } from "./conv2d/depthwise.ts";
import { direct } from "./conv2d/direct.ts";
import { isPixelwise, pixelwise } from "./conv2d/pixelwise.ts";
import { allowsWinograd, prefersWinograd } from "./conv2d/winograd/rule.ts";
import { canShare, gradients, type Results } from "./conv2d/winograd/gradients.ts";
import { winograd } from "./conv2d/winograd/winograd.ts";

const usesWinograd = (team: Team, g: Conv2dGeometry): boolean =>
  ({ never: false, auto: prefersWinograd(g), always: allowsWinograd(g) })[team.winograd];

/** Whether all gradients of a convolution are found sooner together. */
export const joinsGradients = (team: Team, g: Conv2dGeometry): boolean => usesWinograd(team, g) && canShare(team, g);

/** The algorithm that computes a convolution soonest: decided by its geometry alone, so that all machines compute the same. */
function convolverOf(team: Team, g: Conv2dGeometry): Convolver {
  if (isPixelwise(g)) return pixelwise(team, g);
  if (isDepthwise(g)) return depthwise(team, g);
  return usesWinograd(team, g) ? winograd(team, g) : direct(team, g);
}

type Kind = "conv2d" | "conv2dBias" | "conv2dBiasRelu" | "conv2dInputGradient" | "conv2dFilterGradient";

const together =
  (team: Team): Kernel<Block, ConvolutionGradients> =>
  ({ attributes: { geometry, ...wanted } }) => {
    const run = gradients(team, geometry, wanted);
    return ([dy, x, filters, y], first, others) => {
      const results: Results = Object.fromEntries(
        wanted.results.map((name, i) => [name, i === 0 ? first : others[i - 1]!]),
      );
      run({ dy: dy!, x: x!, filters: filters!, y }, results);
    };
  };

/** Filters slide over the image, forward and backward. */
export function conv2dKernels(
  team: Team,
): Record<Kind, Kernel<Block, Convolution>> & { readonly conv2dGradients: Kernel<Block, ConvolutionGradients> } {
  const kernel =
    (launchOf: (convolver: Convolver) => ReturnType<Convolver["forward"]>): Kernel<Block, Convolution> =>
    ({ attributes: { geometry } }) => {
      const launch = launchOf(convolverOf(team, geometry));
      return ([first, second, bias], result) => launch(first!, second!, result, bias);
    };
  return {
    conv2d: kernel((convolver) => convolver.forward()),
    conv2dBias: kernel((convolver) => convolver.forward("bias")),
    conv2dBiasRelu: kernel((convolver) => convolver.forward("biasRelu")),
    conv2dInputGradient: kernel((convolver) => convolver.inputGradient()),
    conv2dFilterGradient: kernel((convolver) => convolver.filterGradient()),
    conv2dGradients: together(team),
  };
}
