import type { VolumeRow } from "@convlens/analysis";
import type { ArchitectureRequest } from "../../compute/architecture.ts";
import { percent } from "../../draw/shown.ts";
import { choice, flag, text, whole, type StateOf } from "../../fields.ts";

/** A well-known net. */
interface Preset {
  readonly pattern: string;
  readonly side: number;
  readonly channels: number;
}

const block = (filters: number, stride: string): string =>
  `[ADD[CONV3-${filters}${stride} pad 1 -> NORM -> RELU -> CONV3-${filters} -> NORM] -> RELU]`;

/** Well-known nets. */
export const presets = {
  "LeNet-5": {
    pattern:
      "INPUT -> CONV5-6 -> RELU -> POOL2 -> CONV5-16 pad 0 -> RELU -> POOL2\n  -> FC-120 -> RELU -> FC-84 -> RELU -> FC-10",
    side: 28,
    channels: 1,
  },
  AlexNet: {
    pattern:
      "INPUT -> CONV11-64/4 pad 2 -> RELU -> POOL3/2 -> CONV5-192 -> RELU -> POOL3/2\n  -> CONV3-384 -> RELU -> [CONV3-256 -> RELU]*2 -> POOL3/2\n  -> [FC-4096 -> RELU]*2 -> FC-1000",
    side: 224,
    channels: 3,
  },
  "VGG-16": {
    pattern:
      "INPUT -> [CONV3-64 -> RELU]*2 -> POOL2 -> [CONV3-128 -> RELU]*2 -> POOL2\n  -> [CONV3-256 -> RELU]*3 -> POOL2 -> [[CONV3-512 -> RELU]*3 -> POOL2]*2\n  -> [FC-4096 -> RELU]*2 -> FC-1000",
    side: 224,
    channels: 3,
  },
  "ResNet-18": {
    pattern: `INPUT -> CONV7-64/2 pad 3 -> NORM -> RELU -> POOL3/2 pad 1\n  -> ${block(64, "")}*2\n${[128, 256, 512]
      .map((filters) => `  -> ${block(filters, "/2")} -> ${block(filters, "")}`)
      .join("\n")}\n  -> MEAN -> FC-1000`,
    side: 224,
    channels: 3,
  },
  "the pattern": {
    pattern: "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC",
    side: 32,
    channels: 3,
  },
} as const satisfies Readonly<Record<string, Preset>>;
/** The name of a well-known net. */
export type PresetName = keyof typeof presets;
/** All of them. */
export const presetNames = Object.keys(presets) as readonly PresetName[];

/** Fields of the panel's state. */
export const architecturesFields = {
  pattern: text(presets["VGG-16"].pattern, 1000),
  side: whole(224, 1, 512),
  channels: whole(3, 1, 16),
  /** Numbers for the letters of a pattern. */
  N: whole(2, 0, 4),
  M: whole(3, 0, 5),
  K: whole(1, 0, 3),
  optional: flag(true),
  batch: whole(32, 1, 256),
  scale: choice("root", ["true", "root"] as const),
};
/** The panel's state. */
export type ArchitecturesState = StateOf<typeof architecturesFields>;

const letters = ["N", "M", "K"] as const;

/** The letters of the pattern that stand for numbers. */
export const lettersOf = ({ pattern }: ArchitecturesState): ("N" | "M" | "K")[] =>
  letters.filter((letter) => new RegExp(`\\*\\s*${letter}(?![A-Za-z])`).test(pattern));

/** Whether the pattern has optional parts. */
export const hasOptional = ({ pattern }: ArchitecturesState): boolean => pattern.includes("?");

/** The name of the net; `undefined` for a net of the reader. */
export const nameOf = (state: ArchitecturesState): PresetName | undefined =>
  presetNames.find((name) => {
    const { pattern, side, channels } = presets[name];
    return pattern === state.pattern && side === state.side && channels === state.channels;
  });

/** The request for the worker. */
export const requestOf = (state: ArchitecturesState): ArchitectureRequest => {
  const { pattern, side, channels, N, M, K, optional, batch } = state;
  return { pattern, inputShape: [side, side, channels], repeats: { N, M, K }, optional, batch };
};

/** Multiply-adds of a volume: weights times places. */
export const productsOf = ({ shape, weights }: VolumeRow): number => shape[0]! * shape[1]! * weights;

/** A number of bytes with its unit: `58.1 MiB`. */
export function bytesInWords(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${step === 0 ? bytes : (bytes / 1024 ** step).toFixed(1)} ${units[step]}`;
}

/** A sentence about the largest volume and the most weights. */
export function remarkOf(rows: readonly VolumeRow[]): string {
  const largest = (of: (row: VolumeRow) => number): { readonly row: VolumeRow; readonly share: number } => {
    const total = rows.reduce((sum, row) => sum + of(row), 0);
    const row = rows.reduce((best, row) => (of(row) > of(best) ? row : best));
    return { row, share: total === 0 ? 0 : of(row) / total };
  };
  const [memory, weights] = [largest((row) => row.memory), largest((row) => row.weights)];
  if (weights.share === 0) return "This net has no weights.";
  const place = ({ name, shape }: VolumeRow): string => `${name} (${shape.join(" × ")})`;
  return `The largest volume is ${place(memory.row)} with ${percent(memory.share)} of all numbers. Most weights belong to ${place(weights.row)}: ${percent(weights.share)}.`;
}

/** The program that the panel shows. */
export function codeOf(state: ArchitecturesState): string {
  const { pattern, side, channels, batch, optional } = state;
  const used = lettersOf(state);
  const options = [
    ...(used.length > 0 ? [`repeats: { ${used.map((letter) => `${letter}: ${state[letter]}`).join(", ")} }`] : []),
    ...(optional ? [] : ["optional: false"]),
  ];
  return [
    `const model = fromPattern(\`${pattern}\`${options.length > 0 ? `, { ${options.join(", ")} }` : ""});`,
    `volumeTable(model, [${side}, ${side}, ${channels}]).rows;`,
    `cost(model, [${side}, ${side}, ${channels}], { batch: ${batch} });`,
  ].join("\n");
}
