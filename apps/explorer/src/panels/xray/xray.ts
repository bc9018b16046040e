import { panel, type Panel } from "../../panel.ts";
import { xrayFields } from "./model.ts";
import text from "./text.md?pieces";
import { XrayView } from "./view.tsx";

/** A net taken apart on one drawing. */
export const xrayPanel: Panel = panel({
  id: "xray",
  chapter: 7,
  title: "Every number between a drawing and an answer",
  text,
  fields: xrayFields,
  View: XrayView,
});
