import { inMemory } from "../examples.ts";
import type { Examples } from "../openData.ts";
import { percent } from "../page/page.ts";
import type { TaskName } from "../tasks.ts";
import type { TrainedModel } from "../trainedModel.ts";
import { activationSection } from "./activations.ts";
import { costSection } from "./cost.ts";
import { filterSection } from "./filters.ts";
import { healthSection } from "./health.ts";
import { evaluateMasks, maskSection, overlapSection } from "./masks.ts";
import { evaluateNumbers, residualSection } from "./numbers.ts";
import { makePage, reportSections, runTitle, sectionsPage, type Fact, type SectionBuilder } from "./pages.ts";
import { evaluateReconstructions, reconstructionSection } from "./reconstructions.ts";
import { exampleOf, exampleSubject, modelSubjectOf, type InspectedRun, type ModelSubject } from "./subject.ts";

/** Makes the report about a run, with the chapters that fit its task. */
export async function reportOf(found: InspectedRun<Examples>): Promise<string> {
  const run = { ...found, sets: { ...found.sets, test: await inMemory(found.sets.test) } };
  return reports[run.settings.task](run);
}

const reports: Readonly<Record<TaskName, (run: InspectedRun<Examples>) => Promise<string>>> = {
  classify: async (run) => makePage(runTitle(run), await exampleSubject(run as InspectedRun, 0), reportSections),
  segment: reportFor(
    evaluateMasks,
    ({ metrics }) => [
      ["intersection over union", metrics.iou.toFixed(4)],
      ["right pixels", percent(metrics.accuracy)],
    ],
    [overlapSection, maskSection],
  ),
  regress: reportFor(evaluateNumbers, ({ metrics }) => [["R²", metrics.r2.toFixed(4)]], [residualSection]),
  reconstruct: reportFor(
    evaluateReconstructions,
    ({ metrics }) => [["peak signal-to-noise ratio", `${metrics.psnr.toFixed(2)} dB`]],
    [reconstructionSection],
  ),
};

/** A report of a task: what the model reached, and the chapters about its answers among those of every model. */
function reportFor<E extends { readonly loss: number }>(
  evaluate: (run: TrainedModel<Examples> & InspectedRun<Examples>) => Promise<E>,
  results: (evaluation: E) => readonly Fact[],
  own: readonly SectionBuilder<ModelSubject & { readonly evaluation: E }>[],
): (run: InspectedRun<Examples>) => Promise<string> {
  return async (run) => {
    const evaluation = await evaluate(run);
    const subject = modelSubjectOf(run, "test example 0", exampleOf(run.sets.test, 0).values);
    const facts = [...results(evaluation), ["test loss", evaluation.loss.toFixed(4)] as const];
    const sections = [healthSection, ...own, filterSection, activationSection, costSection];
    return sectionsPage(runTitle(run), { ...subject, evaluation }, facts, sections);
  };
}
