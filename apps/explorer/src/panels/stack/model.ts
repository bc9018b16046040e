import type { ConvolutionRequest } from "../../compute/convolution.ts";
import type { Volume } from "../../draw/volume.ts";
import { choice, flag, whole, type StateOf } from "../../fields.ts";
import { presetNames, presets } from "../kernels/model.ts";
import { sampleNames, SIDE } from "../../draw/samples.ts";

/** What the panel's state is made of. */
export const stackFields = {
  image: choice("house", sampleNames),
  filters: whole(6, 1, presetNames.length),
  /** Whether what is below 0 is left out. */
  relu: flag(false),
  /** The place that is looked at, counted from 1. */
  row: whole(34, 1, SIDE),
  column: whole(11, 1, SIDE),
};
/** The panel's state. */
export type StackState = StateOf<typeof stackFields>;

const WINDOW = 3;

/** The kernels of the chapter before as the filters of one layer. */
export const kernelNames = ({ filters }: Pick<StackState, "filters">): string[] =>
  // The one that changes nothing comes last.
  [...presetNames.slice(1), presetNames[0]!].slice(0, filters);

/** A filter's weights, row by row. */
export function kernelOf(name: string): number[] {
  const { cells, divisor } = presets[name as keyof typeof presets];
  return cells.map((cell) => cell / divisor);
}

/** What the worker is to compute. */
export function requestOf(state: Pick<StackState, "filters">, image: Float32Array): ConvolutionRequest {
  const kernels = kernelNames(state).map(kernelOf);
  return {
    input: image,
    inputShape: [SIDE, SIDE, 1],
    filters: Float32Array.from(
      { length: WINDOW * WINDOW * kernels.length },
      (_, i) => kernels[i % kernels.length]![Math.floor(i / kernels.length)]!,
    ),
    filterShape: [WINDOW, WINDOW, 1, kernels.length],
    bias: new Float32Array(kernels.length),
    stride: 1,
    padding: 1,
    border: "replicate",
    dilation: 1,
    groups: 1,
    outputGradient: undefined,
  };
}

/** One map of the output `[side, side, filters]`, without what is below 0 if asked for. */
export const mapAt = (output: Float32Array, filters: number, filter: number, relu: boolean): Float32Array =>
  Float32Array.from({ length: output.length / filters }, (_, i) => {
    const value = output[i * filters + filter]!;
    return relu ? Math.max(0, value) : value;
  });

/** The net of the notes, from image to classes, with as many filters. */
export const volumesOf = ({ filters }: StackState): Volume[] => [
  { name: "INPUT", shape: [SIDE, SIDE, 1], role: "input" },
  { name: "CONV", shape: [SIDE, SIDE, filters], role: "map" },
  { name: "RELU", shape: [SIDE, SIDE, filters], role: "map" },
  { name: "POOL", shape: [SIDE / 2, SIDE / 2, filters], role: "pool" },
  { name: "FC", shape: [1, 1, 10], role: "full" },
];

/** The same as the lines of a program. */
export const codeOf = ({ filters, relu }: StackState): string =>
  [
    `const layer = new Conv2d({ filters: ${filters}, kernelSize: 3, padding: 1 });`,
    `const maps = layer.call(image); // [1, ${SIDE}, ${SIDE}, 1] → [1, ${SIDE}, ${SIDE}, ${filters}]`,
    ...(relu ? ["const kept = relu(maps);"] : []),
    `const one = slice(maps, [0, 0, 0, 2], [1, ${SIDE}, ${SIDE}, 1]); // a map: what one filter says everywhere`,
    `const all = slice(maps, [0, 10, 20, 0], [1, 1, 1, ${filters}]); // a column: what all filters say of one place`,
  ].join("\n");
