import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LearningProgress } from "../src/compute/learningRun.ts";
import { nextTask, noSession, reduce, type Session, type SessionEvent } from "../src/panels/learning/session.ts";

const answer = { classes: ["a", "b"], examples: 80, tests: 20, filters: 2, parameters: 100 };
const rowAt = (step: number) => ({
  step,
  loss: 1,
  accuracy: 0.5,
  gradientNorm: 1,
  updateRatio: 1e-3,
  learningRate: 0.1,
});

/** Progress of `count` steps after step `from`. */
const progress = (from: number, count: number, isLost = false): LearningProgress => ({
  rows: Array.from({ length: count }, (_, i) => rowAt(from + i + 1)),
  ...{ step: from + count, stride: 1, tests: [], health: [], advice: [], milliseconds: 1, compared: undefined },
  lost: isLost ? rowAt(from + count + 1) : undefined,
});
const begun: SessionEvent = { kind: "begun", answer, file: undefined };
const after = (...events: readonly SessionEvent[]): Session => events.reduce(reduce, noSession);
const advanced = (net: "first" | "second", from: number, count: number, isLost = false): SessionEvent => ({
  ...{ kind: "advanced", net, by: "adam" },
  progress: progress(from, count, isLost),
});

/** Answers every task at once, and lists the tasks. */
function runAll(session: Session, beside: boolean): { readonly session: Session; readonly tasks: string[] } {
  const tasks: string[] = [];
  let now = session;
  for (let i = 0; i < 100; i++) {
    const task = nextTask(now, { beside });
    if (task === undefined) return { session: now, tasks };
    switch (task.kind) {
      case "begin":
        tasks.push(`begin ${task.net}`);
        now = reduce(now, task.net === "first" ? begun : { kind: "second begun", problem: undefined });
        break;
      case "advance":
        tasks.push(`${task.net} until ${task.until}`);
        now = reduce(now, advanced(task.net, now.nets[task.net].step, 1));
        break;
      case "go back":
        tasks.push(`back to ${task.to}`);
        for (const net of task.nets) now = reduce(now, { kind: "went back", net, step: task.to });
        break;
      case "pause":
        now = reduce(now, { kind: "pause" });
    }
  }
  throw new Error("the session never ends");
}

describe("a session", () => {
  it("has nothing to do before a net is requested, and trains it until a step", () => {
    expect(runAll(noSession, false).tasks).toEqual([]);
    const requested = after({ kind: "begin", beginning: { file: undefined } });
    const { session, tasks } = runAll(requested, false);
    expect(tasks).toEqual(["begin first"]);
    const trained = runAll(reduce(session, { kind: "run", until: 2 }), false);
    expect(trained.tasks).toEqual(["first until 2", "first until 2"]);
    expect([trained.session.nets.first.step, trained.session.until]).toEqual([2, undefined]);
  });

  it("lets a second net catch up, and then trains both step by step", () => {
    const first = after(begun, { kind: "run", until: 2 }, advanced("first", 0, 2), { kind: "pause" });
    const caught = runAll(first, true);
    expect(caught.tasks).toEqual(["begin second", "second until 2", "second until 2"]);
    expect(runAll(reduce(caught.session, { kind: "run", until: 3 }), true).tasks).toEqual([
      ...["first until 3", "second until 3"],
    ]);
  });

  it("does not try a second net again that could not begin", () => {
    const failed = after(begun, { kind: "second begun", problem: "There is no room." });
    expect([runAll(failed, true).tasks, failed.problem]).toEqual([[], "There is no room."]);
  });

  it("stops at a step that is lost, and goes back in both nets", () => {
    const lost = after(
      begun,
      { kind: "second begun", problem: undefined },
      { kind: "run", until: 9 },
      advanced("first", 0, 3, true),
    );
    expect(lost.lost).toMatchObject({ net: "first", row: { step: 4 }, optimizer: "adam" });
    expect(nextTask(lost, { beside: false })).toBeUndefined();
    const { session, tasks } = runAll(reduce(lost, { kind: "go back", to: 1 }), false);
    expect(tasks).toEqual(["back to 1"]);
    expect([session.nets.first.step, session.lost]).toEqual([1, undefined]);
  });

  it("keeps the net when another one cannot begin", () => {
    const trained = after(begun, { kind: "run", until: 9 }, advanced("first", 0, 3));
    const failed = [
      { kind: "begin", beginning: { file: new Uint8Array(1) } } as const,
      { kind: "problem", text: "This is no net." } as const,
    ].reduce<Session>(reduce, trained);
    expect([failed.begun, failed.nets.first.step, failed.problem]).toEqual([answer, 3, "This is no net."]);
    expect(nextTask(failed, { beside: false })).toBeUndefined();
  });

  it("ends in every order of events, and changes no earlier session", () => {
    const events = fc.constantFrom<SessionEvent>(
      begun,
      { kind: "begin", beginning: { file: undefined } },
      { kind: "run", until: 3 },
      { kind: "pause" },
      { kind: "go back", to: 1 },
      { kind: "want", net: "first", settings: { optimizer: "sgd", rate: 0.1 } },
      { kind: "applied" },
      { kind: "problem", text: "no" },
      { kind: "nothing to learn from" },
    );
    fc.assert(
      fc.property(fc.array(events, { maxLength: 8 }), fc.boolean(), (all, beside) => {
        const before = JSON.stringify(noSession);
        const { session } = runAll(after(...all), beside);
        expect(session.nets.second.step).toBeLessThanOrEqual(session.nets.first.step);
        expect(JSON.stringify(noSession)).toBe(before);
      }),
    );
  });
});
