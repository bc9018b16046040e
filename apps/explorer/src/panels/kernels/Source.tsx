import { useSignal, type Signal } from "@preact/signals";
import type { JSX } from "preact";
import { Choice } from "../../controls/Choice.tsx";
import type { PanelProps } from "../../panel.ts";
import { Camera } from "./Camera.tsx";
import { kernelsFields } from "./model.ts";
import { Sheet } from "./Sheet.tsx";
import { NO_INK } from "../../draw/ink.ts";
import { readImage } from "../../draw/readImage.ts";
import { SIDE } from "../../draw/samples.ts";

/** What a {@link Source} sets. */
export interface SourceProps extends Pick<PanelProps<typeof kernelsFields>, "state" | "set"> {
  /** The reader's own photograph, which stays out of the address. */
  readonly own: Signal<Float32Array | undefined>;
}

/** Where the image is from: a sample, a file, a sheet to draw on, or the camera. */
export function Source({ state: signal, set, own }: SourceProps): JSX.Element {
  const state = signal.value;
  const isOwn = own.value !== undefined || state.sheet !== NO_INK;
  const problem = useSignal<string | undefined>(undefined);
  const isDrawing = useSignal(false);
  const take = (pixels: Float32Array | undefined): void => {
    problem.value = undefined;
    own.value = pixels;
  };
  const draw = (sheet: string): void => {
    take(undefined);
    set({ sheet });
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
        <label class="file">
          <span>Or one of yours</span>
          <input
            type="file"
            accept="image/*"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) void load(file);
            }}
          />
        </label>
        <button type="button" aria-expanded={isDrawing.value} onClick={() => (isDrawing.value = !isDrawing.value)}>
          {isDrawing.value ? "Put the sheet away" : "Draw one"}
        </button>
        <Camera side={SIDE} onPicture={take} onProblem={(text) => (problem.value = text)} />
      </div>
      {isDrawing.value && <Sheet state={signal} onDraw={draw} />}
      {problem.value !== undefined && (
        <div class="notice" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
    </>
  );
}
