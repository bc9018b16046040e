import { basename } from "node:path";
import { classScores, evaluateModel, macro } from "@convlens/training";
import { parameters } from "@convlens/layers";
import type { Html } from "../page/html.ts";
import { facts, page, percent, whole, type Section } from "../page/page.ts";
import type { Examples } from "../openData.ts";
import { titleOf } from "../titleOf.ts";
import { activationSection } from "./activations.ts";
import { codeSection } from "./codeSpace.ts";
import { costSection, sharingSection } from "./cost.ts";
import { diagramSection } from "./diagrams.ts";
import { filterSection } from "./filters.ts";
import { fragilitySection } from "./fragility.ts";
import { geometrySection } from "./geometry.ts";
import { healthSection, unitSection } from "./health.ts";
import { inputSection } from "./input.ts";
import { patchSection } from "./patches.ts";
import { confusionSection, mistakeSection } from "./results.ts";
import type { EvaluatedSubject, ModelSubject, Subject } from "./subject.ts";
import { traceSection } from "./traces.ts";
import { inversionSection, visualizationSection } from "./visualizations.ts";
import { whySection } from "./why.ts";

/** Makes a section of a page, or none where it does not apply to the model. */
export type SectionBuilder<S> = (subject: S) => Section | undefined | Promise<Section | undefined>;

/** The sections of the report about a classifier. */
export const reportSections: readonly SectionBuilder<EvaluatedSubject>[] = [
  healthSection,
  confusionSection,
  mistakeSection,
  filterSection,
  inputSection,
  activationSection,
  costSection,
];

/** The sections of an inspection. */
export const inspectionSections: readonly SectionBuilder<EvaluatedSubject>[] = [
  inputSection,
  whySection,
  activationSection,
  traceSection,
  codeSection,
  fragilitySection,
  inversionSection,
  filterSection,
  patchSection,
  visualizationSection,
  confusionSection,
  mistakeSection,
  diagramSection,
  geometrySection,
  costSection,
  sharingSection,
  healthSection,
  unitSection,
];

/**
 * Makes a page about a model and one of its inputs. It is one file that loads nothing else.
 *
 * @param onSection - Called after each section with the number of sections done.
 */
export async function sectionsPage<S extends ModelSubject<Examples>>(
  title: string,
  subject: S,
  results: readonly Fact[],
  sections: readonly SectionBuilder<S>[],
  onSection: (done: number) => void = () => undefined,
): Promise<string> {
  const made: Section[] = [];
  for (const [i, make] of sections.entries()) {
    const section = await make(subject);
    if (section !== undefined) made.push(section);
    onSection(i + 1);
  }
  return page(title, overview(subject, results), made);
}

/** Makes a page about a classifier. */
export async function makePage(
  title: string,
  subject: Subject,
  sections: readonly SectionBuilder<EvaluatedSubject>[],
  onSection?: (done: number) => void,
): Promise<string> {
  const evaluation = await evaluateModel(subject.model, subject.sets.test);
  return sectionsPage(
    title,
    { ...subject, evaluation },
    resultsOf(evaluation, subject.sets.test.size),
    sections,
    onSection,
  );
}

/** The title of a page about a run. */
export const runTitle = ({ settings }: Pick<ModelSubject, "settings">): string =>
  `${titleOf(settings.model)} on ${settings.folder === undefined ? settings.data : basename(settings.data)}`;

/** A fact, where it is known. */
export type Fact = readonly [name: string, value: string | undefined];

/** What a classifier reached. */
function resultsOf({ loss, mistakes, confusion, metrics }: EvaluatedSubject["evaluation"], size: number): Fact[] {
  const { accuracy } = metrics;
  return [
    ["test accuracy", accuracy === undefined ? undefined : percent(accuracy)],
    ["test loss", loss.toFixed(4)],
    ["macro F1", confusion && macro(classScores(confusion), "f1").toFixed(4)],
    ["mistakes", mistakes && `${whole(mistakes.length)} of ${whole(size)}`],
  ];
}

/** The most important facts about a run. */
function overview({ model, sets, settings, step, history }: ModelSubject, results: readonly Fact[]): Html {
  const learned = [...parameters(model).values()].reduce((sum, { size }) => sum + size, 0);
  const frozen = new Set(settings.freeze);
  const kept = [...parameters(model)].reduce((sum, [path, { size }]) => sum + (frozen.has(path) ? size : 0), 0);
  const speed = history?.epochs.at(-1)?.examplesPerSecond ?? NaN;
  const known: readonly Fact[] = [
    ...results,
    ["training", `${whole(step)} steps, batches of ${settings.batchSize}`],
    ["training examples", whole(sets.train.size)],
    ["random changes", settings.augment === "none" ? undefined : settings.augment.replaceAll(",", ", ")],
    ["images per second", Number.isFinite(speed) ? whole(speed) : undefined],
    ["optimizer", `${settings.optimizer}, learning rate ${settings.learningRate}, seed ${settings.seed}`],
    ["parameters", kept === 0 ? whole(learned) : `${whole(learned)}, ${whole(kept)} of them frozen`],
    ["began with", settings.from],
    ["input", sets.test.shapes.input.join(" × ")],
  ];
  return facts(known.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}
