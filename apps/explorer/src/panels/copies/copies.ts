import { panel, type Panel } from "../../panel.ts";
import { copiesFields } from "./model.ts";
import text from "./text.md?pieces";
import { CopiesView } from "./view.tsx";

/** A net as copies of one neuron. */
export const copiesPanel: Panel = panel({
  id: "copies",
  chapter: 1,
  title: "The same neuron at every place",
  text,
  fields: copiesFields,
  View: CopiesView,
});
