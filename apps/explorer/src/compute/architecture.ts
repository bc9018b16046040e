import { cost, volumeTable } from "@convlens/analysis";
import { fromPattern, parsePattern } from "@convlens/layers";
import { wordsIn } from "./wordsIn.ts";

/** A net as a pattern. */
export interface ArchitectureRequest {
  readonly pattern: string;
  readonly inputShape: readonly [height: number, width: number, channels: number];
  /** Numbers for the pattern's letters. */
  readonly repeats: Readonly<Record<string, number>>;
  /** Whether parts with a `?` are included. */
  readonly optional: boolean;
  /** Batch size of training. */
  readonly batch: number;
}

/** Most layers that are shown. */
const MOST_LAYERS = 200;

/** Counts the parameters, multiply-adds and memory of a net, without computing or allocating any of it. */
export async function architecture(request: ArchitectureRequest) {
  const { pattern, inputShape, repeats, optional, batch } = request;
  const parsed = parsePattern(pattern);
  const length = [...wordsIn(parsed, repeats).values()].reduce((sum, count) => sum + count, 0);
  if (length > MOST_LAYERS)
    throw new Error(`This pattern has ${length} layers; at most ${MOST_LAYERS} are shown. Use fewer repeats.`);
  const model = fromPattern(parsed, { repeats, optional });
  const { rows, parameters, weights, memory } = volumeTable(model, inputShape);
  const { multiplyAdds, inference } = cost(model, inputShape);
  const { training } = batch === 1 ? cost(model, inputShape) : cost(model, inputShape, { batch });
  // Multiply-adds, activations and memory of inference are those of one example, memory of training that of a batch.
  return { rows, parameters, weights, multiplyAdds: multiplyAdds.forward, activations: memory, inference, training };
}

/** Volumes and cost of a net. */
export type ArchitectureAnswer = Awaited<ReturnType<typeof architecture>>;
