import { panel, type Panel } from "../../panel.ts";
import { featuresFields } from "./model.ts";
import text from "./text.md?pieces";
import { FeaturesView } from "./view.tsx";

/** What a feature looks for. */
export const featuresPanel: Panel = panel({
  id: "features",
  chapter: 7,
  title: "What a feature looks for",
  text,
  fields: featuresFields,
  View: FeaturesView,
});
