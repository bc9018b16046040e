import { panel, type Panel } from "../../panel.ts";
import { poolingFields } from "./model.ts";
import text from "./text.md?pieces";
import { PoolingView } from "./view.tsx";

/** Pooling, number by number. */
export const poolingPanel: Panel = panel({
  id: "pooling",
  chapter: 4,
  title: "One number for each block",
  text,
  fields: poolingFields,
  View: PoolingView,
});
