import type { drawVolumes } from "@convlens/analysis/render";
import type { ConvolutionRequest } from "../../compute/convolution.ts";
import { choice, flag, whole, type StateOf } from "../../fields.ts";
import { kernelOf, presetNames, type PresetName } from "../kernels/model.ts";
import { sampleNames, SIDE } from "../../draw/samples.ts";
import { channelOf } from "../../numbers.ts";

/** Fields of the panel's state. */
export const stackFields = {
  image: choice("house", sampleNames),
  filters: whole(6, 1, presetNames.length),
  /** Whether a ReLU follows. */
  relu: flag(false),
  /** The selected place, counted from 1. */
  row: whole(34, 1, SIDE),
  column: whole(11, 1, SIDE),
};
type StackState = StateOf<typeof stackFields>;

const WINDOW = 3;

/** Names of the filters: the kernels of chapter 2. */
export const kernelNames = ({ filters }: Pick<StackState, "filters">): PresetName[] =>
  // The identity comes last.
  [...presetNames.slice(1), presetNames[0]!].slice(0, filters);

/** The request for the worker. */
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
    padding: 1,
    border: "replicate",
  };
}

/** One map of the output `[side, side, filters]`, after ReLU if `relu`. */
export function mapAt(output: Float32Array, filters: number, filter: number, relu: boolean): Float32Array {
  const map = channelOf(output, filter, filters);
  return relu ? map.map((value) => Math.max(0, value)) : map;
}

/** The net of CS231n's notes with `filters` filters. */
export function volumesOf({ filters }: StackState): Parameters<typeof drawVolumes>[0] {
  const rows = [
    { name: "INPUT", shape: [SIDE, SIDE, 1] },
    { name: "CONV", shape: [SIDE, SIDE, filters] },
    { name: "RELU", shape: [SIDE, SIDE, filters] },
    { name: "POOL", shape: [SIDE / 2, SIDE / 2, filters] },
    { name: "FC", shape: [1, 1, 10] },
  ];
  return { rows, memory: rows.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0) };
}

/** The program that the panel shows. */
export const codeOf = ({ filters, relu }: StackState): string =>
  [
    `const layer = new Conv2d({ filters: ${filters}, kernelSize: 3, padding: 1 });`,
    `const maps = layer.call(image); // [1, ${SIDE}, ${SIDE}, 1] → [1, ${SIDE}, ${SIDE}, ${filters}]`,
    ...(relu ? ["const kept = relu(maps);"] : []),
    `const one = slice(maps, [0, 0, 0, 2], [1, ${SIDE}, ${SIDE}, 1]); // a map: one filter at all places`,
    `const all = slice(maps, [0, 10, 20, 0], [1, 1, 1, ${filters}]); // a column: all filters at one place`,
  ].join("\n");
