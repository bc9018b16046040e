import type { Conv2dGeometry, Convolution, Kernel } from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { Team } from "../team.ts";
import type { Convolver } from "./conv2d/convolver.ts";
import { depthwise, isDepthwise } from "./conv2d/depthwise.ts";
import { direct } from "./conv2d/direct.ts";
import { isPixelwise, pixelwise } from "./conv2d/pixelwise.ts";
import { allowsWinograd, prefersWinograd } from "./conv2d/winograd/rule.ts";
import { winograd } from "./conv2d/winograd/winograd.ts";

/** The algorithm that computes a convolution soonest: decided by its geometry alone, so that all machines compute the same. */
function convolverOf(team: Team, g: Conv2dGeometry): Convolver {
  if (isPixelwise(g)) return pixelwise(team, g);
  if (isDepthwise(g)) return depthwise(team, g);
  const isWanted = { never: false, auto: prefersWinograd(g), always: allowsWinograd(g) }[team.winograd];
  return isWanted ? winograd(team, g) : direct(team, g);
}

type Kind = "conv2d" | "conv2dBias" | "conv2dBiasRelu" | "conv2dInputGradient" | "conv2dFilterGradient";

/** Filters slide over the image, forward and backward. */
export function conv2dKernels(team: Team): Record<Kind, Kernel<Block, Convolution>> {
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
  };
}
