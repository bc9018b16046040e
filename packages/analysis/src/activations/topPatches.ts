import {
  checkOptions,
  checkValue,
  offsetOf,
  placeOf,
  sizeOf,
  stepsOf,
  turn,
  wholeFrom,
  type OptionCheck,
} from "@convlens/backend";
import { batches, batchOf, type Classification, type SizedDataset } from "@convlens/datasets";
import type { Layer } from "@convlens/layers";
import { argmax, max, reshape, type Tensor } from "@convlens/tensor";
import { receptiveFields } from "../geometry/receptiveField.ts";
import { throughView } from "../geometry/view.ts";
import { partsOf } from "../numbers.ts";
import { layerNamed, recordModel } from "../recordModel.ts";
import { withCompiled } from "../withCompiled.ts";
import { textOption } from "../optionChecks.ts";

/** Options of {@link topPatches}. */
export interface TopPatchesOptions {
  /** Path of the layer. */
  readonly layer: string;
  /** Number of patches for each channel. Default: 9. */
  readonly count?: number;
  /** Batch size. Default: 100. */
  readonly batchSize?: number;
}

/** A patch of an example that activates a unit. */
export interface Patch {
  /** The activation. */
  readonly value: number;
  /** Index of the example, and its label. */
  readonly index: number;
  readonly label: number;
  /** Position of the unit in its map: `[row, column]`, `[position]`, or `[]` in a dense layer. */
  readonly place: readonly number[];
  /** Receptive field of the unit: the first and the last pixel along each spatial axis of the input. */
  readonly box: readonly (readonly [first: number, last: number])[];
}

/** The patches that activate a channel most. */
export interface ChannelPatches {
  readonly channel: number;
  /** In descending order of activation, at most one of each example. */
  readonly patches: readonly Patch[];
}

/** Inserts into a list in descending order; of equal items the earlier example comes first. */
function insert<T extends { readonly value: number }>(list: T[], item: T, count: number): void {
  if (list.length === count && !(item.value > list.at(-1)!.value)) return;
  const at = list.findIndex(({ value }) => item.value > value);
  list.splice(at < 0 ? list.length : at, 0, item);
  if (list.length > count) list.pop();
}

/**
 * Finds the patches of a data set that activate each channel of a layer most, with the receptive field of the unit (Zeiler and
 * Fergus 2014).
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU()]), data.shapes.input);
 * const [first] = await topPatches(net, data, { layer: "layers.1", count: 3 });
 * const { index, box, value } = first!.patches[0]!;
 * console.log(index, box, value, cropOf(data, index, box).shape); // …, [3, 3, 1]
 * ```
 */
export async function topPatches(
  model: Layer,
  data: Classification,
  options: TopPatchesOptions,
): Promise<ChannelPatches[]> {
  checkOptions("topPatches", options, { layer: textOption, count: wholeFrom(1), batchSize: wholeFrom(1) });
  const { layer, count = 9, batchSize = 100 } = options;
  const field = receptiveFields(model, data.shapes.input).find(({ name }) => name === layer);
  const { shape } = layerNamed(recordModel(model, data.shapes.input), layer).output;
  const channels = shape.at(-1) ?? 1;
  const sizes = shape.slice(1, -1);
  const best = Array.from({ length: channels }, (): { value: number; index: number; at: number }[] => []);
  const strongest = (x: Tensor): { value: Tensor; at: Tensor } => {
    const { output } = layerNamed(recordModel(model, x), layer);
    const units = reshape(output, [-1, sizeOf(sizes), channels]);
    return { value: max(units, 1), at: argmax(units, 1) };
  };
  await withCompiled(strongest, async (run) => {
    for await (const { inputs, indices } of batches(data, { size: batchSize })) {
      const { value, at } = await run(inputs);
      const places = partsOf(at.knownValues, indices.length);
      for (const [n, values] of partsOf(value.knownValues, indices.length).entries())
        for (const [channel, found] of best.entries())
          insert(found, { value: values[channel]!, index: indices[n]!, at: places[n]![channel]! }, count);
      await turn();
    }
  });
  const whole = data.shapes.input.slice(0, -1).map((size) => [0, size - 1] as const);
  return best.map((found, channel) => ({
    channel,
    patches: found.map(({ value, index, at }) => {
      const place = placeOf(at, sizes);
      // A unit without a known field may see everything.
      return { value, index, label: data.labels[index]!, place, box: field?.box([...place, channel]) ?? whole };
    }),
  }));
}

/** A crop of an example, scaled as the input of a model. */
export interface CroppedImage {
  /** `[height, width, channels]` or `[length, channels]` */
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Accepts a box inside images of this size. */
const boxIn =
  (sizes: readonly number[]): OptionCheck =>
  (value) =>
    Array.isArray(value) &&
    value.length === sizes.length &&
    value.every(
      (ends: unknown, axis) =>
        Array.isArray(ends) &&
        ends.length === 2 &&
        ends.every(Number.isSafeInteger) &&
        ends[0] >= 0 &&
        ends[0] <= ends[1] &&
        ends[1] < sizes[axis]!,
    )
      ? undefined
      : `the first and the last pixel of each axis, [${sizes.map((size) => `[0 to ${size - 1}, 0 to ${size - 1}]`).join(", ")}]`;

/**
 * Returns the pixels of an example inside a box, given by the first and the last pixel along each spatial axis.
 *
 * @example
 * ```ts
 * cropOf(data, 7, [[2, 4], [0, 11]]).shape; // [3, 12, 1]: three rows of the eighth example
 * ```
 */
export function cropOf(data: SizedDataset, index: number, box: Patch["box"]): CroppedImage {
  checkValue("cropOf", "index", index, wholeFrom(0, data.size - 1));
  checkValue("cropOf", "box", box, boxIn(data.shapes.input.slice(0, -1)));
  const shape = [...box.map(([first, last]) => last - first + 1), data.shapes.input.at(-1) ?? 1];
  const steps = stepsOf(data.shapes.input);
  const first = box.map(([begin]) => begin);
  const view = { start: offsetOf(first, steps), steps };
  const pixels = batchOf(data, [index]).inputs.knownValues;
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) => pixels[throughView(i, shape, view)]!);
  return { shape, values };
}
