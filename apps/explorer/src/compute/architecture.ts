import { cost, volumeTable, type MemoryCost, type VolumeRow } from "@convlens/analysis";
import { fromPattern, parsePattern } from "@convlens/layers";
import { wordsIn } from "./wordsIn.ts";

/** A net as a pattern, to be counted. */
export interface ArchitectureRequest {
  readonly pattern: string;
  readonly inputShape: readonly [height: number, width: number, channels: number];
  /** Numbers for the pattern's letters. */
  readonly repeats: Readonly<Record<string, number>>;
  /** Whether parts with a `?` are there. */
  readonly optional: boolean;
  /** Examples that are learned from at once. */
  readonly batch: number;
}

/** What it consists of and costs. */
export interface ArchitectureAnswer {
  readonly rows: readonly VolumeRow[];
  /** Numbers that are learned, biases among them. */
  readonly parameters: number;
  readonly weights: number;
  /** Products of one answer. */
  readonly multiplyAdds: number;
  /** Numbers in all volumes of one example. */
  readonly activations: number;
  /** Bytes of the program that answers for one example, and of one that learns from a batch. */
  readonly inference: MemoryCost;
  readonly training: MemoryCost;
}

/** More layers than any table can show. */
const MOST_LAYERS = 200;

/** Counts what a net would be and take. Nothing of it is computed, and none of its memory taken. */
export async function architecture(request: ArchitectureRequest): Promise<ArchitectureAnswer> {
  const { pattern, inputShape, repeats, optional, batch } = request;
  const parsed = parsePattern(pattern);
  const length = [...wordsIn(parsed, repeats).values()].reduce((sum, count) => sum + count, 0);
  if (length > MOST_LAYERS)
    throw new Error(`This pattern has ${length} layers; at most ${MOST_LAYERS} are shown. Repeat less.`);
  const model = fromPattern(parsed, { repeats, optional });
  const { rows, parameters, weights, memory } = volumeTable(model, inputShape);
  const { multiplyAdds, inference } = cost(model, inputShape);
  const { training } = batch === 1 ? cost(model, inputShape) : cost(model, inputShape, { batch });
  return { rows, parameters, weights, multiplyAdds: multiplyAdds.forward, activations: memory, inference, training };
}
