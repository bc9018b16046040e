import { useSignal, type Signal } from "@preact/signals";
import { Button } from "../../controls/Button.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { FileInput } from "../../controls/FileInput.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Pad } from "../../controls/Pad.tsx";
import { inkText, NO_INK, stroked } from "../../draw/ink.ts";
import { gray } from "../../draw/Picture.tsx";
import { useAttempt } from "../../controls/useAttempt.ts";
import { readImage } from "../../draw/readImage.ts";
import { SIDE } from "../../draw/samples.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { Camera } from "./Camera.tsx";
import { greysOf, inkOf, kernelsFields } from "./model.ts";

interface SourceProps extends PanelProps<typeof kernelsFields> {
  /** A photograph of the reader, which is not part of the address. */
  readonly own: Signal<Float32Array | undefined>;
}

/** Half the width of the pen in pixels, without its soft edge. */
const PEN = 1;

/** Source of the image: a sample, a file, a drawing, or the camera. */
export function Source({ signal, state, set, own }: SourceProps) {
  const isOwn = own.value !== undefined || state.sheet !== NO_INK;
  const { problem, attempt } = useAttempt();
  const isDrawing = useSignal(false);
  const load = async (file: File): Promise<void> => void (own.value = await readImage(file, SIDE));
  const draw = (sheet: string): Promise<void> =>
    attempt(async () => {
      own.value = undefined;
      set({ sheet });
    });
  return (
    <>
      <div class="controls">
        <Choice
          label="Image"
          options={isOwn ? [...kernelsFields.image.options, "yours"] : kernelsFields.image.options}
          value={isOwn ? "yours" : state.image}
          onChange={(image) => {
            if (image === "yours") return;
            own.value = undefined;
            set({ image: image, sheet: NO_INK });
          }}
        />
        <FileInput label="Or one of yours" accept="image/*" onFiles={([file]) => attempt(() => load(file))} />
        <Button
          text={isDrawing.value ? "Put the sheet away" : "Draw one"}
          aria-expanded={isDrawing.value}
          onClick={() => (isDrawing.value = !isDrawing.value)}
        />
        <Camera side={SIDE} attempt={attempt} onPicture={(pixels) => (own.value = pixels)} />
      </div>
      {isDrawing.value && (
        <div class="sheet">
          <Pad
            label="Drawing pad."
            pixels={greysOf(inkOf(state))}
            side={SIDE}
            look={gray}
            step={2}
            onStroke={(from, to, erases) => void draw(inkText(stroked(inkOf(signal.peek()), from, to, erases, PEN)))}
          />
          <Button text="Clear the sheet" onClick={() => void draw(inkText([]))} />
        </div>
      )}
      <Notice text={problem.value} />
    </>
  );
}
