import { page, type Section } from "../report/page.ts";
import { titleOf } from "../titleOf.ts";
import { activationSection } from "./activations.ts";
import { codeSection } from "./codeSpace.ts";
import { costSection, sharingSection } from "./cost.ts";
import { diagramSection } from "./diagrams.ts";
import { filterSection } from "./filters.ts";
import { fragilitySection } from "./fragility.ts";
import { geometrySection } from "./geometry.ts";
import { healthSection, unitSection } from "./health.ts";
import { inputSection, overview } from "./overview.ts";
import { patchSection } from "./patches.ts";
import type { Subject } from "./subject.ts";
import { traceSection } from "./traces.ts";
import { inversionSection, visualizationSection } from "./visualizations.ts";
import { whySection } from "./why.ts";

/** The ways of looking, in the order of the page. */
const sections: readonly ((subject: Subject) => Section | undefined | Promise<Section | undefined>)[] = [
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
  diagramSection,
  geometrySection,
  costSection,
  sharingSection,
  healthSection,
  unitSection,
];

/** A page with all ways of looking at a net and one of its inputs; it needs nothing else, no network. */
export async function makeInspection(
  subject: Subject,
  onSection: (done: number, all: number) => void = () => undefined,
): Promise<string> {
  const made: Section[] = [];
  for (const [i, make] of sections.entries()) {
    const section = await make(subject);
    if (section !== undefined) made.push(section);
    onSection(i + 1, sections.length);
  }
  const { settings } = subject;
  const title = `${titleOf(settings.model)} on ${settings.data}: ${subject.inputName}`;
  return page(title, await overview(subject), made);
}
