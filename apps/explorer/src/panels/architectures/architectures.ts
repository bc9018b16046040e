import { panel, type Panel } from "../../panel.ts";
import { architecturesFields } from "./model.ts";
import text from "./text.md?pieces";
import { ArchitecturesView } from "./view.tsx";

/** Whole nets as a line of text, counted. */
export const architecturesPanel: Panel = panel({
  id: "architectures",
  chapter: 5,
  title: "A net in one line",
  text,
  fields: architecturesFields,
  View: ArchitecturesView,
});
