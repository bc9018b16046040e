import { panel, type Panel } from "../../panel.ts";
import { learningFields } from "./model.ts";
import text from "./text.md?pieces";
import { LearningView } from "./view.tsx";

/** A net that learns, and its past. */
export const learningPanel: Panel = panel({
  id: "learning",
  chapter: 6,
  title: "A net learns while you look",
  text,
  fields: learningFields,
  View: LearningView,
});
