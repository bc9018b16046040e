import { statisticsOf } from "@convlens/analysis";
import { overlay, type NumberGrid } from "@convlens/analysis/render";
import type { Html } from "../page/html.ts";
import { rasterOfInput, showPicture } from "../page/pictures.ts";
import type { Subject } from "./subject.ts";

/** A map over the input: in bright colours over a dark input, in deep ones over a bright one. */
export function showOverlay(
  { shape, values }: Pick<Subject, "shape" | "values">,
  map: NumberGrid,
  about: string,
  size: number,
): Html {
  const theme = statisticsOf(values).mean < 0.5 ? "dark" : "light";
  return showPicture(overlay(rasterOfInput({ shape, values }), map, { theme, strength: 0.9 }), about, size);
}
