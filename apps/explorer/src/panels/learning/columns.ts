import type { HealthRecord } from "@convlens/analysis";
import type { LearningProgress, LearningTest } from "../../compute/learningRun.ts";

/** What is drawn over steps. */
export const columnNames = ["loss", "accuracy", "gradientNorm", "updateRatio"] as const;
/** One of them. */
export type ColumnName = (typeof columnNames)[number];

/** All that the page knows of how a net came to be: a number for each step, and what was found now and then. */
export class Columns {
  readonly rows: Readonly<Record<ColumnName, number[]>> = { loss: [], accuracy: [], gradientNorm: [], updateRatio: [] };
  tests: LearningTest[] = [];
  health: HealthRecord[] = [];
  advice: readonly string[] = [];
  stride = 1;

  /** Steps done. */
  get step(): number {
    return this.rows.loss.length;
  }

  /** Adds what a part of training came to. */
  add({ rows, tests, health, advice, stride }: LearningProgress): void {
    for (const row of rows) for (const name of columnNames) this.rows[name].push(row[name]);
    this.tests.push(...tests);
    this.health.push(...health);
    this.advice = advice;
    this.stride = stride;
  }

  /** Forgets what came after a step. */
  cut(step: number): void {
    for (const name of columnNames) this.rows[name].length = Math.min(step, this.step);
    this.tests = this.tests.filter((test) => test.step <= step);
    this.health = this.health.filter((record) => record.step <= step);
  }

  /** The last test that was made up to a step. */
  testAt(step: number): LearningTest | undefined {
    return this.tests.findLast((test) => test.step <= step);
  }

  /** The mean of some steps up to one, since one batch says little. */
  mean(name: ColumnName, step: number, over = 20): number {
    const some = this.rows[name].slice(Math.max(0, step - over), step);
    return some.reduce((a, b) => a + b, 0) / some.length;
  }
}

/** A curve with no more points than can be seen. */
export interface Points {
  /** The last step that a point stands for. */
  readonly steps: number[];
  readonly values: Readonly<Record<ColumnName, number[]>>;
  /** Steps in a point, over which it is the mean. */
  readonly over: number;
}

/** At least so many steps are one point: single batches jump too much to be read. */
const LEAST = 10;

/** Means over equal numbers of steps, at most `most` of them; while there are few steps, the steps. */
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

/** The step with the lowest loss, as means over some steps show it: where to go back to when all went wrong. */
export function bestStep(columns: Pick<Columns, "rows" | "step">): number {
  const { steps, values } = pointsOf(columns, 200);
  let best = 0;
  for (let i = 1; i < steps.length; i++) if (values.loss[i]! < values.loss[best]!) best = i;
  return steps[best] ?? 0;
}
