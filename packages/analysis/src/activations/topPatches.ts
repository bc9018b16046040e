import { checkOptions, checkValue, wholeFrom, turn, type OptionCheck } from "@convlens/backend";
import { batches, type Dataset } from "@convlens/datasets";
import { namePaths, type Layer } from "@convlens/layers";
import { argmax, max, reshape, type Tensor } from "@convlens/tensor";
import { placeOf } from "../geometry/originOf.ts";
import { receptiveFields } from "../geometry/receptiveField.ts";
import { layerNamed, recordModel } from "../recordModel.ts";
import { withCompiled } from "../withCompiled.ts";
import { textOption } from "../optionChecks.ts";

/** What {@link topPatches} is told. */
export interface TopPatchesOptions {
  /** Whose units. */
  readonly layer: string;
  /** Patches for each channel. Default: 9. */
  readonly count?: number;
  /** Examples at a time. Default: 100. */
  readonly batchSize?: number;
}

/** A piece of an example that excites a unit. */
export interface Patch {
  /** How much. */
  readonly value: number;
  /** Which example of the data set, and its label. */
  readonly index: number;
  readonly label: number;
  /** Where the unit stands in its map: `[row, column]`, `[position]`, or nothing in a dense layer. */
  readonly place: readonly number[];
  /** What it sees: along each axis of place of the input the first and the last pixel. */
  readonly box: readonly (readonly [first: number, last: number])[];
}

/** The patches that excite a channel most. */
export interface ChannelPatches {
  readonly channel: number;
  /** The most exciting first; one of each example at most. */
  readonly patches: readonly Patch[];
}

/** Inserts where it belongs, the largest first; of equal ones the earlier example stays before. */
function insert<T extends { readonly value: number }>(list: T[], item: T, count: number): void {
  if (list.length === count && !(item.value > list.at(-1)!.value)) return;
  const at = list.findIndex(({ value }) => item.value > value);
  list.splice(at < 0 ? list.length : at, 0, item);
  if (list.length > count) list.pop();
}

/**
 * The pieces of a data set that excite the units of a layer most, channel by channel, with the box of pixels that the unit sees:
 * what a feature looks like in the wild (Zeiler 2014).
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new Relu()]), data.shape);
 * const [first] = await topPatches(net, data, { layer: "layers.1", count: 3 });
 * const { index, box, value } = first!.patches[0]!;
 * console.log(index, box, value, cropOf(data, index, box).shape); // …, [3, 3, 1]
 * ```
 */
export async function topPatches(model: Layer, data: Dataset, options: TopPatchesOptions): Promise<ChannelPatches[]> {
  checkOptions("topPatches", options, { layer: textOption, count: wholeFrom(1), batchSize: wholeFrom(1) });
  const { layer, count = 9, batchSize = 100 } = options;
  namePaths(model);
  const field = receptiveFields(model, data.shape).find(({ name }) => name === layer);
  const shape = layerNamed(recordModel(model, data.shape), layer).output.shape.slice(1);
  const channels = shape.at(-1)!;
  const sizes = shape.slice(0, -1);
  const best = Array.from({ length: channels }, (): { value: number; index: number; at: number }[] => []);
  const strongest = (x: Tensor): { value: Tensor; at: Tensor } => {
    const { output } = layerNamed(recordModel(model, x), layer);
    const units = reshape(output, [x.shape[0]!, sizes.reduce((a, b) => a * b, 1), channels]);
    return { value: max(units, 1), at: argmax(units, 1) };
  };
  await withCompiled(strongest, async (run) => {
    for (const { inputs, indices } of batches(data, { size: batchSize })) {
      const { value, at } = await run(inputs);
      value.values.forEach((excited, i) =>
        insert(
          best[i % channels]!,
          { value: excited, index: indices[Math.floor(i / channels)]!, at: at.values[i]! },
          count,
        ),
      );
      await turn();
    }
  });
  const whole = data.shape.slice(0, -1).map((size) => [0, size - 1] as const);
  return best.map((found, channel) => ({
    channel,
    patches: found.map(({ value, index, at }) => {
      const place = placeOf(at, sizes);
      // What no field is known of may have seen everything.
      return { value, index, label: data.labels[index]!, place, box: field?.box([...place, channel]) ?? whole };
    }),
  }));
}

/** A piece of an example, its numbers as a model sees them. */
export interface Crop {
  /** `[height, width, channels]` or `[length, channels]` */
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Accepts a box that lies in images of this size. */
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
 * The pixels of an example that lie in a box: along each axis of place the first and the last.
 *
 * @example
 * ```ts
 * cropOf(data, 7, [[2, 4], [0, 11]]).shape; // [3, 12, 1]: three rows of the eighth example
 * ```
 */
export function cropOf(data: Dataset, index: number, box: Patch["box"]): Crop {
  const channels = data.shape.at(-1)!;
  const sizes = data.shape.slice(0, -1);
  checkValue("cropOf", "index", index, wholeFrom(0, data.size - 1));
  checkValue("cropOf", "box", box, boxIn(sizes));
  const shape = [...box.map(([first, last]) => last - first + 1), channels];
  const start = index * sizes.reduce((a, b) => a * b, channels);
  const values = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
    const place = placeOf(Math.floor(i / channels), shape.slice(0, -1));
    const pixel = place.reduce((sum, at, axis) => sum * sizes[axis]! + at + box[axis]![0], 0);
    return data.inputs[start + pixel * channels + (i % channels)]! * data.scale;
  });
  return { shape, values };
}
