import { panel, type Panel } from "../../panel.ts";
import { kernelsFields } from "./model.ts";
import text from "./text.md?pieces";
import { KernelsView } from "./view.tsx";

/** A kernel on an image. */
export const kernelsPanel: Panel = panel({
  id: "kernels",
  chapter: 2,
  title: "Nine numbers over an image",
  text,
  fields: kernelsFields,
  View: KernelsView,
});
