import { panel, type Panel } from "../../panel.ts";
import { whyFields } from "./model.ts";
import text from "./text.md?pieces";
import { WhyView } from "./view.tsx";

/** Explanations side by side, and their test. */
export const whyPanel: Panel = panel({
  id: "why",
  chapter: 7,
  title: "Ten ways to ask why",
  text,
  fields: whyFields,
  View: WhyView,
});
