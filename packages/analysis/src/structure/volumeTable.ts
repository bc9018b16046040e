import { sizeOf, traitsOf, type Conv2dGeometry, type Pool2dGeometry, type Shape } from "@convlens/backend";
import { parameters, type Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Field } from "../geometry/field.ts";
import { fieldsOf } from "../geometry/fieldsOf.ts";
import { axisField } from "../geometry/receptiveField.ts";
import { recordModel, type RecordedModel } from "../recordModel.ts";

/** A volume of numbers, and what made it. */
export interface VolumeRow {
  /** `INPUT`, `CONV3-64` (64 filters of 3 × 3), `POOL2`, `FC`. */
  readonly name: string;
  /** Height, width and depth. */
  readonly shape: Shape;
  /** How many numbers it holds. */
  readonly memory: number;
  /** What its weights are the product of: `[3, 3, 64, 128]`. */
  readonly weightShape: Shape;
  /** How many weights there are, without biases. */
  readonly weights: number;
  /** How many pixels of the input each unit sees, and how far apart those of neighbours lie; not for `FC`, which sees all. */
  readonly receptiveField?: { readonly size: number; readonly jump: number };
}

/** The volumes that a net turns its input into. */
export interface VolumeTable {
  readonly rows: readonly VolumeRow[];
  /** Numbers in all volumes, each once. */
  readonly memory: number;
  /** Weights in all, without biases and the like. */
  readonly weights: number;
  /** All that is learned. */
  readonly parameters: number;
}

const squared = (height: number, width: number): string =>
  height === width || height === 1 ? `${width}` : `${height}x${width}`;
/** Height, width and depth of one example, as the notes write them. */
const volumeOf = ([, ...shape]: Shape): Shape => [
  ...Array.from({ length: Math.max(0, 3 - shape.length) }, () => 1),
  ...shape,
];
const ofSameSize = (t: Tensor): Tensor =>
  t.operation === "reshape" || t.operation === "transpose" ? ofSameSize(t.inputs[0]!) : t;

function rowOf(t: Tensor, { variables }: RecordedModel, fields: ReadonlyMap<Tensor, Field>): VolumeRow | undefined {
  const weights = t.inputs.map(ofSameSize).find((x) => variables.has(x));
  const weightShape = weights?.shape ?? [];
  const row = (name: string): VolumeRow => ({
    name,
    shape: volumeOf(t.shape),
    memory: t.size / (t.shape[0] ?? 1),
    weightShape,
    weights: weights?.size ?? 0,
  });
  const seen = (made: VolumeRow): VolumeRow => {
    const field = fields.get(t);
    const [along] = field?.sights.keys() ?? [];
    if (along === undefined) return made;
    const { size, jump } = axisField(field!, along, "");
    return { ...made, receptiveField: { size, jump } };
  };
  const { geometry } = (t.attributes ?? {}) as { readonly geometry?: Conv2dGeometry & Pool2dGeometry };
  const { weighs, slides, folds } = traitsOf(t.operation);
  const window = geometry && squared(geometry.height.window, geometry.width.window);
  if (weighs && slides === "input") return seen(row(`CONV${window}-${geometry!.outChannels}`));
  if (weighs && slides === "output") return seen(row(`DECONV${window}-${geometry!.inChannels}`));
  if (folds && slides) {
    // Windows over channels belong to a normalisation, not to a pooling.
    const axes = fields.get(t.inputs[0]!)?.axes.slice(1, 3) ?? [];
    return axes.flat().some(({ along }) => along !== undefined) ? seen(row(`POOL${window}`)) : undefined;
  }
  if (!weighs || weights === undefined) return undefined;
  return weightShape.length === 2
    ? row("FC")
    : { ...seen(row("LOCAL")), shape: weightShape.with(2, weightShape[3]!).slice(0, 3) };
}

/**
 * The table that the notes of CS231n make of VGG-16, of any net: the volume that each convolution, pooling and fully connected
 * layer puts out, how many numbers it holds and how many weights made it. (Activation functions are computed in the volume that
 * they are applied to, and are no rows.) The notes add the numbers of VGG-16 up to "24M"; they are 15,237,608.
 *
 * @param inputShape - Of one example.
 *
 * @example
 * ```ts
 * const { rows, memory } = volumeTable(vgg16(), [224, 224, 3]);
 * rows[1]; // CONV3-64 of [224, 224, 64]: 3,211,264 numbers, 1,728 weights
 * memory; // 15,237,608
 * ```
 */
export function volumeTable(model: Layer, inputShape: Shape): VolumeTable {
  const recorded = recordModel(model, inputShape);
  const fields = fieldsOf(recorded);
  const input: VolumeRow = {
    name: "INPUT",
    shape: volumeOf(recorded.input.shape),
    memory: sizeOf(inputShape),
    weightShape: [],
    weights: 0,
  };
  const rows = [input, ...recorded.tensors.flatMap((t) => rowOf(t, recorded, fields) ?? [])];
  return {
    rows,
    memory: rows.reduce((sum, row) => sum + row.memory, 0),
    weights: rows.reduce((sum, row) => sum + row.weights, 0),
    parameters: [...parameters(model).values()].reduce((sum, { size }) => sum + size, 0),
  };
}

const thousands = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ",");

/**
 * A table of volumes as text, in the manner of the notes.
 *
 * @example
 * ```ts
 * console.log(formatVolumeTable(volumeTable(lenet5(), [28, 28, 1])));
 * // CONV5-6: [28x28x6]  memory: 28*28*6 = 4,704  weights: (5*5*1)*6 = 150 …
 * ```
 */
export function formatVolumeTable({ rows, memory, weights, parameters: learned }: VolumeTable): string {
  const cells = rows.map(({ name, shape, memory: numbers, weightShape, weights: own }) => [
    `${name}:`,
    `[${shape.join("x")}]`,
    `memory: ${shape.filter((size, i) => size > 1 || i === 2).join("*")} = ${thousands(numbers)}`,
    weightShape.length > 2
      ? `weights: (${weightShape.slice(0, -1).join("*")})*${weightShape.at(-1)!} = ${thousands(own)}`
      : `weights: ${weightShape.length > 0 ? `${weightShape.join("*")} = ` : ""}${thousands(own)}`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  const mebibytes = ((4 * memory) / 2 ** 20).toFixed(1);
  return [
    ...cells.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
    "",
    `memory: ${thousands(memory)} numbers, ${mebibytes} MiB for each image forward, and as much for the way back`,
    `weights: ${thousands(weights)}, and ${thousands(learned - weights)} biases and the like: ${thousands(learned)} parameters`,
  ].join("\n");
}
