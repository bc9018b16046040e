import { describe, expect, it } from "vitest";
import { initialState, parseState, type Field } from "../src/fields.ts";
import { panels, type PanelStates } from "../src/panels/panels.ts";
import { questions } from "../src/questions/questions.ts";
import type { Question } from "../src/questions/question.ts";

const fields = Object.fromEntries(panels.map((panel) => [panel.id, panel.fields])) as Record<keyof PanelStates, object>;
const answeredBy = ({ panel, isAnswered }: Question, change: string): boolean => {
  const texts = new Map(new URLSearchParams(change));
  const { state, problems } = parseState(fields[panel] as Record<string, Field<unknown>>, texts);
  expect(problems).toEqual([]);
  return isAnswered(state as never);
};
const about = (panel: string): Question[] => questions.filter((question) => question.panel === panel);

describe.each(questions)("$text", (question) => {
  it("is not answered by the initial state, and is answered by its answer", () => {
    expect(question.isAnswered(initialState(fields[question.panel]) as never)).toBe(false);
    expect(answeredBy(question, question.answer)).toBe(true);
  });
});

it("each chapter has two or three", () => {
  for (const chapter of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const ids = new Set(panels.filter((panel) => panel.chapter === chapter).map(({ id }) => id));
    const { length } = questions.filter(({ panel }) => ids.has(panel));
    expect(length).toBeGreaterThanOrEqual(2);
    expect(length).toBeLessThanOrEqual(3);
  }
});

describe("other correct answers, and almost correct ones", () => {
  it.each([
    ["conv2d", 0, "size=7&stride=3&padding=1", true],
    ["conv2d", 0, "size=7&stride=2&padding=1", false],
    ["conv2d", 0, "size=8&stride=2&padding=0", false],
    ["conv2d", 1, "window=5&stride=1&padding=1", false],
    ["fit", 0, "S=7", true],
    ["fit", 0, "P=1", false],
    ["learning", 0, "trained=0&at=0", false],
    ["learning", 0, "trained=9&at=1", false],
    ["learning", 1, "changes=0_adam_0.003*19_adam_0.0003", false],
    ["learning", 1, "changes=0_adam_0.003*20_sgd_0.001", false],
    ["learning", 1, "changes=0_adam_1*30_adam_0.3*50_adam_0.03", true],
    ["xray", 0, "layer=5", false],
    ["why", 0, "forgotten=2", false],
    ["floor", 0, "work=read digits&batch=64", false],
    ["floor", 1, "work=learn from digits&batch=64", false],
    ["fit", 0, "W=11&F=5", false],
    ["kernels", 0, "cells=0*1*0*0*0*0*0*-1*0", true],
    ["kernels", 0, "cells=1*0*-1*1*0*-1*1*0*-1", false],
    ["kernels", 0, "cells=0*0*0*0*0*0*0*0*0", false],
    ["kernels", 1, "cells=0*0*0*0*2*0*0*0*0&divisor=2", true],
    ["sound", 0, "width=12", true],
    ["sound", 0, "width=13", false],
    ["pooling", 0, "edits=x0.0_6", true],
    ["pooling", 0, "edits=x0.0_5", false],
    ["pooling", 1, "size=7&window=2&stride=2", false],
    ["race", 0, "side=182", false],
    ["architectures", 0, "pattern=INPUT -> [CONV -> RELU]*N -> FC&N=3", true],
    ["architectures", 0, "pattern=INPUT -> CONV*3 -> FC*2", false],
    ["architectures", 0, "pattern=INPUT -> CONV*3 -> F", false],
    ["copies", 2, "untied=1&inputs=10", false],
  ] as const)("%s %d: %s is %s", (panel, i, change, isRight) =>
    expect(answeredBy(about(panel)[i]!, change.replaceAll("+", " "))).toBe(isRight),
  );
});
