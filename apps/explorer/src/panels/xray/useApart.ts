import { useComputed, type ReadonlySignal } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import type { Outcome } from "../../compute/protocol.ts";
import type { TakeApartAnswer } from "../../compute/takeApart.ts";
import type { Drawing } from "./useDrawing.ts";

/** What the net makes of the drawing, layer by layer. */
export function useApart(drawing: Drawing): ReadonlySignal<Outcome<TakeApartAnswer> | undefined> {
  const answered = useAnswer(
    "takeApart",
    useComputed(() => {
      const pixels = drawing.pixels.value;
      return pixels && { net: drawing.net.value, pixels };
    }),
  );
  return useComputed(() => answered.value?.outcome);
}

/** The class that it decides for. */
export const classOf = ({ scores }: TakeApartAnswer): number =>
  scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0);
