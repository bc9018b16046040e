import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { Pad } from "../../controls/Pad.tsx";
import { inkText, stroked } from "../../draw/ink.ts";
import { SIDE } from "../../draw/samples.ts";
import { greysOf, inkOf, type KernelsState } from "./model.ts";

/** Properties of a {@link Sheet}. */
export interface SheetProps {
  readonly state: ReadonlySignal<Pick<KernelsState, "sheet">>;
  /** Called with each change of the drawing. */
  readonly onDraw: (sheet: string) => void;
}

/** Half the width of the pen in pixels, without its soft edge. */
const PEN = 1;
const GRAYS = { range: [0, 1], map: "gray" } as const;

/** A sheet for drawing an image, dark on light. */
export function Sheet({ state, onDraw }: SheetProps): JSX.Element {
  return (
    <div class="sheet">
      <Pad
        label="Drawing pad."
        pixels={greysOf(inkOf(state.value))}
        side={SIDE}
        look={GRAYS}
        step={2}
        onStroke={(from, to, erases) => onDraw(inkText(stroked(inkOf(state.peek()), from, to, erases, PEN)))}
      />
      <button type="button" onClick={() => onDraw(inkText([]))}>
        Clear the sheet
      </button>
    </div>
  );
}
