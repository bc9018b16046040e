import type { JSX } from "preact";
import { Button } from "../../controls/Button.tsx";
import { Pad } from "../../controls/Pad.tsx";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { inkText, stroked } from "../../draw/ink.ts";
import { SIDE } from "../../draw/samples.ts";
import { greysOf, inkOf, type kernelsFields } from "./model.ts";

/** Properties of a {@link Sheet}. */
export interface SheetProps extends Pick<PanelProps<typeof kernelsFields>, "signal"> {
  /** Called with each change of the drawing. */
  readonly onDraw: (sheet: string) => void;
}

/** Half the width of the pen in pixels, without its soft edge. */
const PEN = 1;
const GRAYS = { range: [0, 1], map: "gray" } as const;

/** A sheet for drawing an image, dark on light. */
export function Sheet({ signal, onDraw }: SheetProps): JSX.Element {
  return (
    <div class="sheet">
      <Pad
        label="Drawing pad."
        pixels={greysOf(inkOf(signal.value))}
        side={SIDE}
        look={GRAYS}
        step={2}
        onStroke={(from, to, erases) => onDraw(inkText(stroked(inkOf(signal.peek()), from, to, erases, PEN)))}
      />
      <Button text="Clear the sheet" onClick={() => onDraw(inkText([]))} />
    </div>
  );
}
