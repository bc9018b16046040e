import { panel, type Panel } from "../../panel.ts";
import { foolFields } from "./model.ts";
import text from "./text.md?pieces";
import { FoolView } from "./view.tsx";

/** A net that is kept from seeing, and fooled. */
export const foolPanel: Panel = panel({
  id: "fool",
  chapter: 7,
  title: "Cover it, and fool it",
  text,
  fields: foolFields,
  View: FoolView,
});
