import { panel, type Panel } from "../../panel.ts";
import { fitFields } from "./model.ts";
import text from "./text.md?pieces";
import { FitView } from "./view.tsx";

/** How often a window fits. */
export const fitPanel: Panel = panel({
  id: "fit",
  chapter: 3,
  title: "Will it fit?",
  text,
  fields: fitFields,
  View: FitView,
});
