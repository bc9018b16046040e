import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { Pad } from "../../controls/Pad.tsx";
import { inkText, stroked } from "../../draw/ink.ts";
import { SIDE } from "../../draw/samples.ts";
import { greysOf, inkOf, type KernelsState } from "./model.ts";

/** What a {@link Sheet} shows, and what it does. */
export interface SheetProps {
  readonly state: ReadonlySignal<Pick<KernelsState, "sheet">>;
  /** What is drawn now. */
  readonly onDraw: (sheet: string) => void;
}

/** Half the width of the pen, without its soft edge. In pixels. */
const PEN = 1;
const GREYS = { range: [0, 1], colours: "grey" } as const;

/** A sheet to draw an image on, dark on light. */
export function Sheet({ state, onDraw }: SheetProps): JSX.Element {
  return (
    <div class="sheet">
      <Pad
        label="Drawing pad."
        pixels={greysOf(inkOf(state.value))}
        side={SIDE}
        look={GREYS}
        step={2}
        onStroke={(from, to, erases) => onDraw(inkText(stroked(inkOf(state.peek()), from, to, erases, PEN)))}
      />
      <button type="button" onClick={() => onDraw(inkText([]))}>
        Clear the sheet
      </button>
    </div>
  );
}
