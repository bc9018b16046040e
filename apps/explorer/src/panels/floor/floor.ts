import { panel, type Panel } from "../../panel.ts";
import { floorFields } from "./model.ts";
import text from "./text.md?pieces";
import { FloorView } from "./view.tsx";

/** What runs. */
export const floorPanel: Panel = panel({
  id: "floor",
  chapter: 8,
  title: "A list of instructions and one block of memory",
  text,
  fields: floorFields,
  View: FloorView,
});
