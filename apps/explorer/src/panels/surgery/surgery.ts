import { panel, type Panel } from "../../panel.ts";
import { surgeryFields } from "./model.ts";
import text from "./text.md?pieces";
import { SurgeryView } from "./view.tsx";

/** A full connection that becomes a convolution. */
export const surgeryPanel: Panel = panel({
  id: "surgery",
  chapter: 5,
  title: "From one to the other and back",
  text,
  fields: surgeryFields,
  View: SurgeryView,
});
