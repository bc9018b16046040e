import type { ReadonlySignal } from "@preact/signals";
import { useAnswer, type Answered } from "../../compute/compute.ts";
import type { TakeApartAnswer } from "../../compute/takeApart.ts";
import { indexOfGreatest } from "../../numbers.ts";
import type { Drawing } from "./useDrawing.ts";

/** The activations of all layers for the drawing. */
export const useApart = (drawing: Drawing): ReadonlySignal<Answered<"takeApart">> =>
  useAnswer("takeApart", () => {
    const pixels = drawing.pixels.value;
    return pixels && { net: drawing.net.value, pixels };
  });

/** The class that the net decides for. */
export const classOf = ({ scores }: TakeApartAnswer): number => indexOfGreatest(scores);
