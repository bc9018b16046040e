import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Check } from "../../controls/Check.tsx";
import { Pad } from "../../controls/Pad.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { usePanelState } from "../../shared.ts";
import { NO_INK, SIDE } from "../../draw/ink.ts";
import { xrayFields } from "./model.ts";
import type { Drawing } from "./useDrawing.ts";

/** Where digits begin. */
const TOP = { x: SIDE / 2, y: SIDE / 4 };

/** The drawing of the chapter, with what changes it. */
export function DrawingPad({
  drawing,
  children,
}: {
  readonly drawing: Drawing;
  readonly children?: JSX.Element;
}): JSX.Element {
  const { state: signal, set } = usePanelState<typeof xrayFields>("xray");
  const state = signal.value;
  const erases = useSignal(false);
  const pixels = drawing.pad.value ?? new Float32Array(SIDE * SIDE);
  const what = drawing.isOwn.value
    ? "Your drawing."
    : `A digit that the net has not seen, a ${drawing.label.value ?? "…"}.`;
  return (
    <div class="drawing">
      <p class="caption">
        <b>{what}</b> Draw on it.
      </p>
      <Pad label={what} pixels={pixels} side={SIDE} start={TOP} onStroke={drawing.stroke} erases={erases.value} />
      <div class="controls">
        <button type="button" onClick={() => drawing.clear()}>
          Clean sheet
        </button>
        <Check label="Eraser" value={erases.value} onChange={(value) => (erases.value = value)} />
        {children}
      </div>
      <Slider
        label="Digit"
        field={xrayFields.digit}
        value={state.digit}
        onChange={(digit) => set({ digit, ink: NO_INK })}
      />
      {drawing.problem.value !== undefined && (
        <div class="notice" role="alert">
          <p>{drawing.problem.value}</p>
        </div>
      )}
    </div>
  );
}
