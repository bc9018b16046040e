import { lazyView } from "../article/lazyView.tsx";
import type { StateOf } from "../fields.ts";
import type { Panel } from "../panel.ts";
import { architecturesFields } from "./architectures/model.ts";
import { ArchitecturesView } from "./architectures/view.tsx";
import { conv2dFields } from "./conv2d/model.ts";
import { Conv2dView } from "./conv2d/view.tsx";
import { copiesFields } from "./copies/model.ts";
import { CopiesView } from "./copies/view.tsx";
import { featuresFields } from "./features/model.ts";
import { FeaturesView } from "./features/view.tsx";
import { fitFields } from "./fit/model.ts";
import { FitView } from "./fit/view.tsx";
import { floorFields } from "./floor/model.ts";
import { FloorView } from "./floor/view.tsx";
import { foolFields } from "./fool/model.ts";
import { FoolView } from "./fool/view.tsx";
import { kernelsFields } from "./kernels/model.ts";
import { KernelsView } from "./kernels/view.tsx";
import { learningFields } from "./learning/model.ts";
import { poolingFields } from "./pooling/model.ts";
import { PoolingView } from "./pooling/view.tsx";
import { raceFields } from "./race/model.ts";
import { RaceView } from "./race/view.tsx";
import { shiftFields } from "./shift/model.ts";
import { ShiftView } from "./shift/view.tsx";
import { soundFields } from "./sound/model.ts";
import { SoundView } from "./sound/view.tsx";
import { stackFields } from "./stack/model.ts";
import { StackView } from "./stack/view.tsx";
import { surgeryFields } from "./surgery/model.ts";
import { SurgeryView } from "./surgery/view.tsx";
import { whyFields } from "./why/model.ts";
import { WhyView } from "./why/view.tsx";
import { xrayFields } from "./xray/model.ts";
import { XrayView } from "./xray/view.tsx";

/** The largest view, which is loaded when the reader comes near. */
const LearningView = lazyView<typeof learningFields>(() =>
  import("./learning/view.tsx").then(({ LearningView: View }) => View),
);

/** The text of each panel, by its file. */
const texts = import.meta.glob<Panel["text"]>("./*/text.md", { eager: true, query: "?pieces", import: "default" });

/** One row of {@link panels}. */
const row = <const I extends string, F extends object>(
  chapter: number,
  id: I,
  title: string,
  fields: F,
  View: Panel<F>["View"],
) => ({ id, chapter, title, text: texts[`./${id}/text.md`]!, fields, View }) satisfies Panel<F>;

const rows = [
  row(1, "copies", "The same neuron at every place", copiesFields, CopiesView),
  row(2, "kernels", "Nine numbers on an image", kernelsFields, KernelsView),
  row(2, "sound", "The same for sounds", soundFields, SoundView),
  row(3, "conv2d", "A filter slides over the input", conv2dFields, Conv2dView),
  row(3, "fit", "Do the windows fit?", fitFields, FitView),
  row(3, "stack", "A stack of maps", stackFields, StackView),
  row(4, "pooling", "One number for each block", poolingFields, PoolingView),
  row(4, "shift", "Moved by a pixel", shiftFields, ShiftView),
  row(5, "race", "A comparison of parameters", raceFields, RaceView),
  row(5, "surgery", "From a fully connected layer to a convolution", surgeryFields, SurgeryView),
  row(5, "architectures", "A net in one line", architecturesFields, ArchitecturesView),
  row(6, "learning", "A net in training", learningFields, LearningView),
  row(7, "xray", "Every number between a drawing and an answer", xrayFields, XrayView),
  row(7, "why", "Ten explanations of an answer", whyFields, WhyView),
  row(7, "fool", "Cover it, and fool it", foolFields, FoolView),
  row(7, "features", "What activates a feature", featuresFields, FeaturesView),
  row(8, "floor", "A list of instructions and one block of memory", floorFields, FloorView),
] as const;

/** All panels in the order of the page. */
export const panels = rows as unknown as readonly Panel[];

/** The states of the panels, by id. */
export type PanelStates = { readonly [R in (typeof rows)[number] as R["id"]]: StateOf<R["fields"]> };

/** Titles of the chapters, and the questions that they answer, by number. */
export const chapters: Readonly<Record<number, { readonly title: string; readonly question: string }>> = {
  1: { title: "One neuron, many copies", question: "Why use the same neuron everywhere?" },
  2: { title: "Kernels", question: "What can nine numbers detect?" },
  3: { title: "The convolution layer", question: "How do window, depth, stride and padding give one number?" },
  4: { title: "Pooling", question: "Why discard the exact place of a feature?" },
  5: { title: "Fully connected", question: "How are convolutions and fully connected layers related?" },
  6: { title: "Learning", question: "Where do the filters come from?" },
  7: { title: "Inside a net", question: "Why this answer?" },
  8: { title: "What runs", question: "Which instructions does the machine execute?" },
};
