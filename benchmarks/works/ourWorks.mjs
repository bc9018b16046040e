// Workloads of Convlens alone: gradients of convolutions, the 3 × 3 shapes of Winograd's algorithm, and layers.
import { layers } from "../ours/layers.mjs";
import { convolution, kinds } from "./works.mjs";

/** Batches as in VGG-small, and sizes that are not multiples of 4. */
const trained = [
  [32, 32, 32, 32],
  [32, 16, 32, 64],
  [32, 16, 64, 64],
  [32, 8, 64, 128],
  [32, 7, 64, 64],
  [32, 32, 16, 16],
  [32, 32, 8, 8],
  [32, 32, 8, 32],
  [32, 32, 4, 32],
];
/** One image, as in VGG-small and ResNet-18. */
const asked = [
  [1, 32, 32, 32],
  [1, 16, 32, 64],
  [1, 16, 64, 64],
  [1, 8, 64, 128],
  [1, 56, 64, 64],
  [1, 28, 128, 128],
  [1, 14, 256, 256],
  [1, 7, 512, 512],
];

const threeByThree = ([n, size, channels, filters], suffix, kind) =>
  convolution(`3x3-b${n}-${size}x${size}x${channels}-${filters}${suffix}`, [n, size, channels], [3, filters], { kind });

/** Gradients, 3 × 3 shapes, layers. */
export const ourWorks = () => [
  ...Object.entries(kinds).flatMap(([name, [image, filters, options]]) => [
    convolution(`${name}-dx`, image, filters, { ...options, kind: "conv2dInput" }),
    convolution(`${name}-dw`, image, filters, { ...options, kind: "conv2dFilters" }),
  ]),
  ...trained.flatMap((shape) => [
    threeByThree(shape, "", "conv2d"),
    threeByThree(shape, "-gradients", "conv2dGradients"),
  ]),
  ...asked.map((shape) => threeByThree(shape, "", "conv2d")),
  ...Object.entries(layers).map(([name, { title, flop, images, tensors }]) => ({
    name: `layer-${name}`,
    title,
    kind: "layer",
    layer: name,
    flop,
    images,
    tensors,
  })),
];
