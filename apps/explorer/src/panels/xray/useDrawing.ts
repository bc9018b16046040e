import { useComputed, type ReadonlySignal } from "@preact/signals";
import { useAnswer, useCompute, type Answered } from "../../compute/compute.ts";
import { centred, inkPixels, inkText, NO_INK, stroked, type Spot } from "../../draw/ink.ts";
import { usePanel } from "../../shared.ts";
import { xrayFields } from "./model.ts";

/** The drawing that the panels of chapter 7 share. */
export interface Drawing {
  /** Its pixels on the pad; `undefined` until the first digit was loaded. */
  readonly pad: ReadonlySignal<Float32Array | undefined>;
  /** Its pixels as the input of the net. */
  readonly pixels: ReadonlySignal<Float32Array | undefined>;
  /** Its class, if it is a digit of the test set. */
  readonly label: ReadonlySignal<string | undefined>;
  /** Whether the reader has drawn on it. */
  readonly isOwn: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<string | undefined>;
  /** Version of the net that it is given to. */
  readonly net: ReadonlySignal<number | undefined>;
  /** The activations of all layers. */
  readonly apart: ReadonlySignal<Answered<"takeApart">>;
  readonly stroke: (from: Spot, to: Spot, erases: boolean) => void;
  readonly clear: () => void;
}

/** The drawing of chapter 7: a digit of the test set, on which the reader can draw. */
export function useDrawing(): Drawing {
  const { signal: state, set } = usePanel("xray", xrayFields);
  const compute = useCompute();
  const found = useAnswer("digit", () => ({ index: state.value.digit - 1 }));
  const ink = useComputed(() => state.value.ink);
  const isOwn = useComputed(() => ink.value !== NO_INK);
  const sample = useComputed(() => found.value.value);
  const pad = useComputed(() => (isOwn.value ? inkPixels(ink.value) : sample.value?.pixels));
  const isCentred = useComputed(() => isOwn.value && state.value.centre);
  const pixels = useComputed(() => (isCentred.value && pad.value ? centred(pad.value) : pad.value));
  const net = useComputed(() => compute.net.value?.version);
  return {
    ...{ pad, isOwn, pixels, net },
    label: useComputed(() => (isOwn.value ? undefined : sample.value?.label)),
    problem: useComputed(() => found.value.problem),
    apart: useAnswer("takeApart", () => pixels.value && { net: net.value, pixels: pixels.value }),
    // Strokes are more frequent than frames, so each continues from the latest state.
    stroke: (from, to, erases) => {
      const now = state.peek().ink === NO_INK ? sample.peek()?.pixels : inkPixels(state.peek().ink);
      if (now !== undefined) set({ ink: inkText(stroked(now, from, to, erases)) });
    },
    clear: () => set({ ink: "" }),
  };
}
