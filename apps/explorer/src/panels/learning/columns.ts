import type { HealthRecord } from "@convlens/analysis";
import type { LearningProgress, LearningTest } from "../../compute/learningRun.ts";

/** Names of the numbers of each step. */
export const columnNames = ["loss", "accuracy", "gradientNorm", "updateRatio"] as const;
/** One of them. */
export type ColumnName = (typeof columnNames)[number];

type Rows = Readonly<Record<ColumnName, readonly number[]>>;

const noRows: Rows = { loss: [], accuracy: [], gradientNorm: [], updateRatio: [] };

const perColumn = (of: (name: ColumnName) => readonly number[]): Rows =>
  Object.fromEntries(columnNames.map((name) => [name, of(name)])) as Rows;

/** The training of a net so far: numbers of each step, and what was measured now and then. */
export class Columns {
  readonly rows: Rows;
  readonly tests: readonly LearningTest[];
  readonly health: readonly HealthRecord[];
  readonly advice: readonly string[];
  readonly stride: number;

  constructor(known: Partial<Pick<Columns, "rows" | "tests" | "health" | "advice" | "stride">> = {}) {
    ({ rows: this.rows = noRows, tests: this.tests = [], health: this.health = [] } = known);
    ({ advice: this.advice = [], stride: this.stride = 1 } = known);
  }

  /** Steps done. */
  get step(): number {
    return this.rows.loss.length;
  }

  /** These columns with the progress of further steps. */
  with({ rows, tests, health, advice, stride }: LearningProgress): Columns {
    return new Columns({
      rows: perColumn((name) => this.rows[name].concat(rows.map((row) => row[name]))),
      tests: [...this.tests, ...tests],
      health: [...this.health, ...health],
      ...{ advice, stride },
    });
  }

  /** These columns without the steps after `step`. */
  until(step: number): Columns {
    const isKept = (each: { readonly step: number }): boolean => each.step <= step;
    return new Columns({
      rows: perColumn((name) => this.rows[name].slice(0, step)),
      tests: this.tests.filter(isKept),
      health: this.health.filter(isKept),
      ...{ advice: this.advice, stride: this.stride },
    });
  }

  /** The last test up to a step. */
  testAt(step: number): LearningTest | undefined {
    return this.tests.findLast((test) => test.step <= step);
  }

  /** The mean over the last `over` steps up to one, because a single batch varies much. */
  mean(name: ColumnName, step: number, over = 20): number {
    const some = this.rows[name].slice(Math.max(0, step - over), step);
    return some.reduce((a, b) => a + b, 0) / some.length;
  }
}

/** A curve with a limited number of points. */
export interface Points {
  /** The last step of each point. */
  readonly steps: number[];
  readonly values: Readonly<Record<ColumnName, number[]>>;
  /** Steps of a point, which is their mean. */
  readonly over: number;
}

/** Fewest steps of a point, because single batches vary much. */
const LEAST = 10;

/** At most `most` points, each the mean of as many steps; single steps while there are few. */
export function pointsOf({ rows, step }: Pick<Columns, "rows" | "step">, most: number): Points {
  const over = step < 2 * LEAST ? 1 : Math.max(LEAST, Math.ceil(step / most));
  const count = Math.ceil(step / over);
  const ends = Array.from({ length: count }, (_, i) => Math.min(step, (i + 1) * over));
  const means = (name: ColumnName): number[] =>
    ends.map((end, i) => {
      const some = rows[name].slice(i * over, end);
      return some.reduce((a, b) => a + b, 0) / some.length;
    });
  return {
    steps: ends,
    values: Object.fromEntries(columnNames.map((name) => [name, means(name)])) as Points["values"],
    over,
  };
}

/** The step with the lowest mean loss, to go back to when training fails. */
export function bestStep(columns: Pick<Columns, "rows" | "step">): number {
  const { steps, values } = pointsOf(columns, 200);
  let best = 0;
  for (let i = 1; i < steps.length; i++) if (values.loss[i]! < values.loss[best]!) best = i;
  return steps[best] ?? 0;
}
