import type { HealthRecord } from "@convlens/analysis";
import type { LearningProgress, LearningRow, LearningTest } from "../../compute/learningRun.ts";

/** Name of a number of each step. */
export type ColumnName = "loss" | "accuracy" | "gradientNorm" | "updateRatio";

/** A mean over steps, up to one. */
export interface Point extends Readonly<Record<ColumnName, number>> {
  readonly step: number;
}

const mean = (rows: readonly LearningRow[], name: ColumnName): number =>
  rows.reduce((sum, row) => sum + row[name], 0) / rows.length;

type Known = Partial<Pick<Columns, "rows" | "tests" | "health" | "advice" | "stride">>;

/** The training of a net so far: numbers of each step, and what was measured now and then. */
export class Columns {
  readonly rows: readonly LearningRow[];
  readonly tests: readonly LearningTest[];
  readonly health: readonly HealthRecord[];
  readonly advice: readonly string[];
  readonly stride: number;

  constructor({ rows = [], tests = [], health = [], advice = [], stride = 1 }: Known = {}) {
    [this.rows, this.tests, this.health, this.advice, this.stride] = [rows, tests, health, advice, stride];
  }

  /** Steps done. */
  get step(): number {
    return this.rows.length;
  }

  /** These columns with the progress of further steps. */
  with({ rows, tests, health, advice, stride }: LearningProgress): Columns {
    return new Columns({
      rows: this.rows.concat(rows),
      tests: this.tests.concat(tests),
      health: this.health.concat(health),
      ...{ advice, stride },
    });
  }

  /** These columns without the steps after `step`. */
  until(step: number): Columns {
    const kept = <T extends { readonly step: number }>(all: readonly T[]): T[] =>
      all.filter((each) => each.step <= step);
    return new Columns({ ...this, rows: kept(this.rows), tests: kept(this.tests), health: kept(this.health) });
  }

  /** The last test up to a step. */
  testAt(step: number): LearningTest | undefined {
    return this.tests.findLast((test) => test.step <= step);
  }

  /** The mean over the last `over` steps up to one, because a single batch varies much. */
  mean(name: ColumnName, step: number, over = 20): number {
    return mean(this.rows.slice(Math.max(0, step - over), step), name);
  }
}

/** Fewest steps of a point, because single batches vary much. */
const LEAST = 10;

/** At most `most` points, each the mean of as many steps; single steps while there are few. */
export function pointsOf({ rows }: Pick<Columns, "rows">, most: number): Point[] {
  const over = rows.length < 2 * LEAST ? 1 : Math.max(LEAST, Math.ceil(rows.length / most));
  return Array.from({ length: Math.ceil(rows.length / over) }, (_, i) => {
    const some = rows.slice(i * over, (i + 1) * over);
    const of = (name: ColumnName): number => mean(some, name);
    const [loss, accuracy, gradientNorm, updateRatio] = [
      of("loss"),
      of("accuracy"),
      of("gradientNorm"),
      of("updateRatio"),
    ];
    return { step: i * over + some.length, loss, accuracy, gradientNorm, updateRatio };
  });
}

/** The step with the lowest mean loss, to go back to when training fails. */
export const bestStep = (columns: Pick<Columns, "rows">): number =>
  pointsOf(columns, 200).reduce((best, point) => (point.loss < best.loss ? point : best), { step: 0, loss: Infinity })
    .step;
