import { panel, type Panel } from "../../panel.ts";
import { soundFields } from "./model.ts";
import text from "./text.md?pieces";
import { SoundView } from "./view.tsx";

/** A kernel on a sound. */
export const soundPanel: Panel = panel({
  id: "sound",
  chapter: 2,
  title: "The same for the ear",
  text,
  fields: soundFields,
  View: SoundView,
});
