import { panel, type Panel } from "../../panel.ts";
import { stackFields } from "./model.ts";
import text from "./text.md?pieces";
import { StackView } from "./view.tsx";

/** The maps of a layer, stacked. */
export const stackPanel: Panel = panel({
  id: "stack",
  chapter: 3,
  title: "A stack of maps",
  text,
  fields: stackFields,
  View: StackView,
});
