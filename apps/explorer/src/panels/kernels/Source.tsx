import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { Button } from "../../controls/Button.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { FileInput } from "../../controls/FileInput.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { NO_INK } from "../../draw/ink.ts";
import { readImage } from "../../draw/readImage.ts";
import { SIDE } from "../../draw/samples.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { Camera } from "./Camera.tsx";
import { kernelsFields } from "./model.ts";
import { Sheet } from "./Sheet.tsx";

/** Properties of a {@link Source}. */
export interface SourceProps extends PanelProps<typeof kernelsFields> {
  /** A photograph of the reader, which is not part of the address. */
  readonly own: Signal<Float32Array | undefined>;
}

/** Source of the image: a sample, a file, a drawing, or the camera. */
export function Source({ signal, state, set, own }: SourceProps): JSX.Element {
  const isOwn = own.value !== undefined || state.sheet !== NO_INK;
  const problem = useSignal<string | undefined>(undefined);
  const isDrawing = useSignal(false);
  const take = (pixels: Float32Array | undefined): void => {
    problem.value = undefined;
    own.value = pixels;
  };
  const load = async (file: File): Promise<void> => {
    const read = await readImage(file, SIDE);
    if (read.kind === "image") take(read.pixels);
    else problem.value = read.text;
  };
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
        <FileInput label="Or one of yours" accept="image/*" onFiles={([file]) => load(file!)} />
        <Button
          text={isDrawing.value ? "Put the sheet away" : "Draw one"}
          aria-expanded={isDrawing.value}
          onClick={() => (isDrawing.value = !isDrawing.value)}
        />
        <Camera side={SIDE} onPicture={take} onProblem={(text) => (problem.value = text)} />
      </div>
      {isDrawing.value && (
        <Sheet
          signal={signal}
          onDraw={(sheet) => {
            take(undefined);
            set({ sheet });
          }}
        />
      )}
      <Notice text={problem.value} />
    </>
  );
}
