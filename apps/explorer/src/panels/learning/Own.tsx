import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { LEARNING_SIDE } from "../../compute/learningData.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Pad } from "../../controls/Pad.tsx";
import { Picture } from "../../draw/Picture.tsx";
import { readImage } from "../../draw/readImage.ts";
import {
  drawnOn,
  inTheMiddle,
  lacking,
  LEAST_CLASSES,
  MOST_CLASSES,
  MOST_PICTURES,
  packed,
  type OwnClass,
} from "./ownPictures.ts";
import type { LearningSession } from "./session.ts";

const GREYS = { range: [0, 255], colours: "grey" } as const;
const blank = (): Uint8Array => new Uint8Array(LEARNING_SIDE ** 2);

/** Pictures of the reader's own, drawn or uploaded, in two to ten classes. They never leave the page. */
export function Own({ session }: { readonly session: LearningSession }): JSX.Element {
  const classes = useSignal<readonly OwnClass[]>([
    { name: "A", pictures: [] },
    { name: "B", pictures: [] },
  ]);
  const chosen = useSignal(0);
  const drawing = useSignal(blank());
  const problem = useSignal<string | undefined>(undefined);
  const all = classes.value;
  const at = Math.min(chosen.value, all.length - 1);
  const own = all[at]!;
  const lack = lacking(all);
  const change = (to: Partial<OwnClass>): void => {
    classes.value = all.with(at, { ...own, ...to });
  };
  const upload = async (files: readonly File[]): Promise<void> => {
    const [pictures, problems]: [Uint8Array[], string[]] = [[], []];
    const room = MOST_PICTURES - all.reduce((sum, each) => sum + each.pictures.length, 0);
    for (const file of files.slice(0, room)) {
      const read = await readImage(file, LEARNING_SIDE);
      if (read.kind === "image") pictures.push(Uint8Array.from(read.pixels, (grey) => Math.round(255 * grey)));
      else problems.push(read.text);
    }
    if (files.length > room) problems.push(`There is room for ${MOST_PICTURES} pictures; the rest was left out.`);
    classes.value = classes.value.with(at, { ...own, pictures: [...own.pictures, ...pictures] });
    problem.value = problems[0];
  };
  return (
    <fieldset class="own">
      <legend>Your own pictures, 28 × 28 greys, which stay in this tab</legend>
      <div class="controls">
        <Choice
          label="Class to add to"
          options={all.map((_, i) => i)}
          value={at}
          onChange={(to) => (chosen.value = to)}
          nameOf={(i) => `${all[i]!.name} (${all[i]!.pictures.length})`}
        />
        <label class="file">
          <span>Its name</span>
          <input
            type="text"
            maxLength={20}
            value={own.name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
        <button
          type="button"
          disabled={all.length >= MOST_CLASSES}
          onClick={() => {
            classes.value = [...all, { name: String.fromCharCode(65 + all.length), pictures: [] }];
            chosen.value = all.length;
          }}
        >
          One more class
        </button>
        <button
          type="button"
          disabled={all.length <= LEAST_CLASSES}
          onClick={() => (classes.value = all.filter((_, i) => i !== at))}
        >
          Remove this class
        </button>
      </div>
      <div class="drawn">
        <div>
          <Pad
            label={`Drawing of ${own.name}.`}
            pixels={drawing.value}
            side={LEARNING_SIDE}
            look={GREYS}
            onStroke={(from, to, erases) => (drawing.value = drawnOn(drawing.peek(), from, to, erases))}
          />
          <div class="player">
            <button
              type="button"
              class="primary"
              disabled={drawing.value.every((ink) => ink === 0)}
              onClick={() => {
                change({ pictures: [...own.pictures, inTheMiddle(drawing.value)] });
                drawing.value = blank();
              }}
            >
              Add to {own.name}
            </button>
            <button type="button" onClick={() => (drawing.value = blank())}>
              Wipe
            </button>
          </div>
        </div>
        <div class="collected">
          <label class="file">
            <span>Or files, as many as you like</span>
            <input
              type="file"
              accept="image/*"
              multiple
              onChange={(event) => {
                const input = event.currentTarget;
                void upload([...(input.files ?? [])]).finally(() => (input.value = ""));
              }}
            />
          </label>
          {problem.value !== undefined && (
            <div class="notice" role="alert">
              <p>{problem.value}</p>
            </div>
          )}
          <div class="channels tiny">
            {own.pictures.slice(-40).map((picture, i) => (
              <Picture
                key={`${own.pictures.length} ${i}`}
                raster={{
                  values: picture,
                  height: LEARNING_SIDE,
                  width: LEARNING_SIDE,
                  ...GREYS,
                }}
                label={`A picture of ${own.name}`}
              />
            ))}
          </div>
          {own.pictures.length > 0 && (
            <button type="button" onClick={() => change({ pictures: own.pictures.slice(0, -1) })}>
              Remove the last of {own.name}
            </button>
          )}
        </div>
      </div>
      <div class="controls">
        <button
          type="button"
          class="primary"
          disabled={lack !== undefined}
          onClick={() => session.learnFrom(packed(all))}
        >
          Make a net for these pictures
        </button>
        <p class="readout">{lack}</p>
      </div>
    </fieldset>
  );
}
