import { panel, type Panel } from "../../panel.ts";
import { shiftFields } from "./model.ts";
import text from "./text.md?pieces";
import { ShiftView } from "./view.tsx";

/** What pooling bears. */
export const shiftPanel: Panel = panel({
  id: "shift",
  chapter: 4,
  title: "Moved by a pixel",
  text,
  fields: shiftFields,
  View: ShiftView,
});
