import { sizeOf, traitsOf, type Conv2dGeometry, type Pool2dGeometry, type Shape } from "@convlens/backend";
import { parameters, type Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import { follows, type Field } from "../geometry/field.ts";
import { fieldsOf } from "../geometry/fieldsOf.ts";
import { axisFieldsOf } from "../geometry/receptiveField.ts";
import { sumOf } from "../numbers.ts";
import { recordModel, variableBehind, type RecordedModel } from "../recordModel.ts";

/** A row of a {@link VolumeTable}: an activation volume and the weights that compute it. */
export interface VolumeRow {
  /** `INPUT`, `CONV3-64` (64 filters of 3 × 3), `POOL2`, `FC`. */
  readonly name: string;
  /** Height, width and depth. */
  readonly shape: Shape;
  /** Number of numbers. */
  readonly memory: number;
  /** Shape of its weights: `[3, 3, 64, 128]`. */
  readonly weightShape: Shape;
  /** Number of weights, without biases. */
  readonly weights: number;
  /** Receptive field of each unit, and the distance to that of its neighbour; absent for `FC`, which sees the whole input. */
  readonly receptiveField?: { readonly size: number; readonly jump: number };
}

/** The activation volumes of a model. */
export interface VolumeTable {
  readonly rows: readonly VolumeRow[];
  /** Total of all volumes. */
  readonly memory: number;
  /** Total number of weights, without biases and other parameters. */
  readonly weights: number;
  /** Total number of parameters. */
  readonly parameters: number;
}

const squared = (height: number, width: number): string =>
  height === width || height === 1 ? `${width}` : `${height}x${width}`;
/** Height, width and depth of one example, as in the CS231n notes. */
const volumeOf = ([, ...shape]: Shape): Shape => [
  ...Array.from({ length: Math.max(0, 3 - shape.length) }, () => 1),
  ...shape,
];

function rowOf(t: Tensor, recorded: RecordedModel, fields: ReadonlyMap<Tensor, Field>): VolumeRow | undefined {
  const weights = t.inputs.map((x) => variableBehind(x, recorded)).find((x) => x !== undefined);
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
    const [axis] = field === undefined ? [] : axisFieldsOf(field);
    return axis === undefined ? made : { ...made, receptiveField: { size: axis.size, jump: axis.jump } };
  };
  const { geometry: g } = (t.attributes ?? {}) as { readonly geometry?: Conv2dGeometry & Pool2dGeometry };
  const { weighs, slides, folds } = traitsOf(t.operation);
  const window = g && squared(g.height.window, g.width.window);
  if (weighs && slides === "input") return seen(row(`CONV${window}-${g?.outChannels}`));
  if (weighs && slides === "output") return seen(row(`DECONV${window}-${g?.inChannels}`));
  if (folds && slides) {
    // Windows over channels are those of a normalization.
    const [x] = t.inputs as readonly [Tensor];
    return follows(fields.get(x)?.axes.slice(1, 3).flat() ?? []) ? seen(row(`POOL${window}`)) : undefined;
  }
  if (!weighs || weights === undefined) return undefined;
  if (weightShape.length === 2) return row("FC");
  const [height, width, , filters] = weightShape as readonly [number, number, number, number];
  return { ...seen(row("LOCAL")), shape: [height, width, filters] };
}

/**
 * Returns the table that the CS231n notes show for VGG-16, for any model: the output volume of each convolution, pooling and
 * fully connected layer with its numbers and weights. Activation functions share the volume of their input and have no row. The
 * notes add up "24M" numbers for VGG-16; the total is 15,237,608.
 *
 * @param inputShape - Shape of one example.
 *
 * @example
 * ```ts
 * const { rows, memory } = volumeTable(vgg16(), [224, 224, 3]);
 * rows[1]; // CONV3-64 of [224, 224, 64]: 3,211,264 numbers, 1,728 weights
 * memory; // 15,237,608
 * ```
 */
export function volumeTable(model: Layer<Tensor, unknown>, inputShape: Shape): VolumeTable {
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
    memory: sumOf(rows.map((row) => row.memory)),
    weights: sumOf(rows.map((row) => row.weights)),
    parameters: sumOf(Array.from(parameters(model).values(), ({ size }) => size)),
  };
}

const thousands = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ",");

/**
 * Formats a volume table as text, in the style of the CS231n notes.
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
