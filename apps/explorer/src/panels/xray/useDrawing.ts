import { useComputed, type ReadonlySignal } from "@preact/signals";
import { useAnswer, useCompute } from "../../compute/compute.ts";
import { usePanelState } from "../../shared.ts";
import { centred, inkPixels, inkText, NO_INK, stroked, type Spot } from "../../draw/ink.ts";
import type { xrayFields } from "./model.ts";

/** What the panels of this chapter look at. */
export interface Drawing {
  /** As it stands on the pad; `undefined` until the first digit is there. */
  readonly pad: ReadonlySignal<Float32Array | undefined>;
  /** As the net is given it. */
  readonly pixels: ReadonlySignal<Float32Array | undefined>;
  /** What it is said to be, where that is known. */
  readonly label: ReadonlySignal<string | undefined>;
  /** Whether it is the reader's own. */
  readonly isOwn: ReadonlySignal<boolean>;
  /** What went wrong. */
  readonly problem: ReadonlySignal<string | undefined>;
  /** The version of the net that looks at it. */
  readonly net: ReadonlySignal<number | undefined>;
  readonly stroke: (from: Spot, to: Spot, erases: boolean) => void;
  readonly clear: () => void;
}

/** The one drawing of the chapter: a digit that the net has not seen, or what the reader has made of it. */
export function useDrawing(): Drawing {
  const { state, set } = usePanelState<typeof xrayFields>("xray");
  const compute = useCompute();
  const index = useComputed(() => state.value.digit - 1);
  const found = useAnswer(
    "digit",
    useComputed(() => ({ index: index.value })),
  );
  const outcome = useComputed(() => found.value?.outcome);
  const ink = useComputed(() => state.value.ink);
  const isOwn = useComputed(() => ink.value !== NO_INK);
  const sample = useComputed(() => (outcome.value?.kind === "answer" ? outcome.value.value : undefined));
  const pad = useComputed(() => (isOwn.value ? inkPixels(ink.value) : sample.value?.pixels));
  const isCentred = useComputed(() => isOwn.value && state.value.centre);
  const pixels = useComputed(() => (isCentred.value && pad.value ? centred(pad.value) : pad.value));
  return {
    pad,
    pixels,
    isOwn,
    label: useComputed(() => (isOwn.value ? undefined : sample.value?.label)),
    problem: useComputed(() => (outcome.value?.kind === "problem" ? outcome.value.text : undefined)),
    net: useComputed(() => compute.net.value?.version),
    // Strokes come faster than the page is drawn, so that each goes on from what the one before has left.
    stroke: (from, to, erases) => {
      const now = state.peek().ink === NO_INK ? sample.peek()?.pixels : inkPixels(state.peek().ink);
      if (now !== undefined) set({ ink: inkText(stroked(now, from, to, erases)) });
    },
    clear: () => set({ ink: "" }),
  };
}
