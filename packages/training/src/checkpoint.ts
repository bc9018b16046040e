import { sameShape, showShape, ValueError, type Shape } from "@convlens/backend";
import { variables, type StoredTensor } from "@convlens/layers";
import { evaluate, type Variable } from "@convlens/tensor";
import type { Progress } from "./progress.ts";

/** Tensors under their names. */
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

/** State of a {@link Trainer}. A part that is not used is empty. */
export interface TrainerState {
  /** All variables of the model under their paths. */
  readonly model: StoredTensors;
  readonly optimizer: StoredTensors;
  /** Moving averages of the parameters. */
  readonly average: StoredTensors;
  /** Accumulated gradients. */
  readonly gradient: StoredTensors;
  /** Number of batches so far. */
  readonly batches: number;
}

/** Everything that {@link fit} needs to resume training. `writeCheckpoint` makes a file of it. */
export interface Checkpoint extends TrainerState {
  /** Best weights so far; empty unless `earlyStopping` restores them. */
  readonly best: StoredTensors;
  readonly progress: Progress;
}

/** Current values of variables. */
export async function storedValues(variables: ReadonlyMap<string, Variable>): Promise<Map<string, StoredTensor>> {
  const named = [...variables];
  const values = await evaluate(...named.map(([, variable]) => variable));
  return new Map(named.map(([name, { shape }], i) => [name, { shape, values: values[i]! }]));
}

/** @throws `ValueError` for stored tensors whose names or shapes are not those of the variables. */
function checkSame(
  what: string,
  variables: ReadonlyMap<string, { readonly shape: Shape }>,
  stored: StoredTensors,
): void {
  const differing =
    [...variables.keys()].find((name) => !stored.has(name)) ?? [...stored.keys()].find((name) => !variables.has(name));
  const fix = `resume with the same ${what}`;
  if (differing !== undefined)
    throw new ValueError({
      operation: "resume",
      problem: `the checkpoint was made with another ${what}: "${differing}" is only in one of the two`,
      fix,
    });
  for (const [name, { shape }] of variables) {
    const found = stored.get(name)!.shape;
    if (!sameShape(shape, found))
      throw new ValueError({
        operation: "resume",
        problem: `the checkpoint was made with another ${what}`,
        what: `"${name}"`,
        expected: `${showShape(shape)} as in this ${what}`,
        got: found,
        gotWords: `${showShape(found)} in the file`,
        fix,
      });
  }
}

/**
 * Checks that a state, or a checkpoint, belongs to a model and to what training keeps for it.
 *
 * @throws `ValueError` for a name or shape that differs.
 */
export function checkMatches(
  model: object,
  state: TrainerState & { readonly best?: StoredTensors },
  kept: Readonly<Record<"optimizer" | "average" | "gradient", ReadonlyMap<string, Variable>>>,
): void {
  const found = variables(model);
  checkSame("model", found, state.model);
  if (state.best !== undefined && state.best.size > 0) checkSame("model", found, state.best);
  checkSame("optimizer", kept.optimizer, state.optimizer);
  checkSame("option ema", kept.average, state.average);
  checkSame("option accumulate", kept.gradient, state.gradient);
}
