import { panel, type Panel } from "../../panel.ts";
import { raceFields } from "./model.ts";
import text from "./text.md?pieces";
import { RaceView } from "./view.tsx";

/** Fully connected against convolution. */
export const racePanel: Panel = panel({
  id: "race",
  chapter: 5,
  title: "A race of parameters",
  text,
  fields: raceFields,
  View: RaceView,
});
