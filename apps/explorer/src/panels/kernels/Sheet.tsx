import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Pad } from "../../controls/Pad.tsx";
import { stroked } from "../../draw/ink.ts";
import { SIDE } from "../../draw/samples.ts";

/** What a {@link Sheet} gives. */
export interface SheetProps {
  /** What is drawn, as grey from 0 to 1, row-major. */
  readonly onDraw: (pixels: Float32Array) => void;
}

/** Greys. */
const [PAPER, INK] = [0.91, 0.09];
/** Half the width of the pen, without its soft edge. In pixels. */
const PEN = 1;
const GREYS = { range: [0, 1], colours: "grey" } as const;

const blank = (): Float32Array => new Float32Array(SIDE * SIDE);
const greysOf = (ink: Float32Array): Float32Array => ink.map((level) => PAPER + level * (INK - PAPER));

/** A sheet to draw an image on, dark on light. */
export function Sheet({ onDraw }: SheetProps): JSX.Element {
  const ink = useSignal(blank());
  const show = (next: Float32Array): void => {
    ink.value = next;
    onDraw(greysOf(next));
  };
  return (
    <div class="sheet">
      <Pad
        label="Drawing pad."
        pixels={greysOf(ink.value)}
        side={SIDE}
        look={GREYS}
        step={2}
        onStroke={(from, to, erases) => show(stroked(ink.peek(), from, to, erases, PEN))}
      />
      <button type="button" onClick={() => show(blank())}>
        Clear the sheet
      </button>
    </div>
  );
}
