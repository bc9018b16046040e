import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Button } from "../../controls/Button.tsx";
import { Check } from "../../controls/Check.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Pad } from "../../controls/Pad.tsx";
import { NO_INK, SIDE } from "../../draw/ink.ts";
import { usePanel } from "../../shared.ts";
import { xrayFields } from "./model.ts";
import type { Drawing } from "./useDrawing.ts";

/** First place of the pen: where digits begin. */
const TOP = { x: SIDE / 2, y: SIDE / 4 };

/** The drawing of the chapter, with its controls. */
export function DrawingPad({ drawing, children }: { readonly drawing: Drawing; readonly children?: JSX.Element }) {
  const { slider, set } = usePanel("xray", xrayFields);
  const erases = useSignal(false);
  const pixels = drawing.pad.value ?? new Float32Array(SIDE * SIDE);
  const what = drawing.isOwn.value ? "Your drawing." : `A digit of the test set: ${drawing.label.value ?? "…"}.`;
  return (
    <div class="drawing">
      <p class="caption">
        <b>{what}</b> Draw on it.
      </p>
      <Pad label={what} pixels={pixels} side={SIDE} start={TOP} onStroke={drawing.stroke} erases={erases.value} />
      <div class="controls">
        <Button text="Clean sheet" onClick={() => drawing.clear()} />
        <Check label="Eraser" value={erases.value} onChange={(value) => (erases.value = value)} />
        {children}
      </div>
      {slider("digit", "Digit", { onChange: (digit) => set({ digit, ink: NO_INK }) })}
      <Notice text={drawing.problem.value} />
    </div>
  );
}
