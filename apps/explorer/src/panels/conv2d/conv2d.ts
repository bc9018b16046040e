import { panel, type Panel } from "../../panel.ts";
import { conv2dFields } from "./model.ts";
import text from "./text.md?pieces";
import { Conv2dView } from "./view.tsx";

/** The convolution layer, number by number. */
export const conv2dPanel: Panel = panel({
  id: "conv2d",
  chapter: 3,
  title: "A filter slides through the full depth",
  text,
  fields: conv2dFields,
  View: Conv2dView,
});
