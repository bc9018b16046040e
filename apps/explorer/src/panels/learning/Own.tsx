import { useSignal, type Signal } from "@preact/signals";
import { LEARNING_SIDE } from "../../compute/learningData.ts";
import { Button } from "../../controls/Button.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { FileInput } from "../../controls/FileInput.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Pad } from "../../controls/Pad.tsx";
import { useAttempt } from "../../controls/useAttempt.ts";
import { Picture, type Pixels } from "../../draw/Picture.tsx";
import { readImage } from "../../draw/readImage.ts";
import { upTo } from "../../numbers.ts";
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
import type { LearningSession } from "./sessionLoop.ts";

const bytes = (values: ArrayLike<number>): Pixels => ({ values, range: [0, 255], map: "gray" });
const blank = (): Uint8Array => new Uint8Array(LEARNING_SIDE ** 2);
/** Pictures of a class that are shown. */
const SHOWN = 40;

/** The classes, the selected one, and a function that changes it. */
interface OwnProps {
  readonly classes: Signal<readonly OwnClass[]>;
  readonly at: number;
  readonly own: OwnClass;
  readonly change: (to: Partial<OwnClass>) => void;
}

/** Pictures of the reader, drawn or from files, in two to ten classes. They stay on the page. */
export function Own({ session }: { readonly session: LearningSession }) {
  const classes = useSignal<readonly OwnClass[]>([
    { name: "A", pictures: [] },
    { name: "B", pictures: [] },
  ]);
  const chosen = useSignal(0);
  const all = classes.value;
  const at = Math.min(chosen.value, all.length - 1);
  const own = all[at]!;
  const lack = lacking(all);
  const change = (to: Partial<OwnClass>): void => {
    classes.value = classes.peek().with(at, { ...classes.peek()[at]!, ...to });
  };
  const shared = { classes, at, own, change };
  return (
    <fieldset class="own">
      <legend>Your own pictures, 28 × 28 pixels, which stay on this page</legend>
      <Classes {...shared} onChoose={(to) => (chosen.value = to)} />
      <div class="drawn">
        <Sketch {...shared} />
        <Collected {...shared} />
      </div>
      <div class="controls">
        <Button
          text="Make a net for these pictures"
          class="primary"
          disabled={lack !== undefined}
          onClick={() => session.learnFrom(packed(all))}
        />
        <p class="readout">{lack}</p>
      </div>
    </fieldset>
  );
}

/** Selects, names, adds and removes classes. */
function Classes({ classes, at, own, change, onChoose }: OwnProps & { onChoose: (at: number) => void }) {
  const all = classes.value;
  return (
    <div class="controls">
      <Choice
        label="Class to add to"
        options={upTo(all.length)}
        value={at}
        onChange={onChoose}
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
      <Button
        text="One more class"
        disabled={all.length >= MOST_CLASSES}
        onClick={() => {
          classes.value = [...all, { name: String.fromCharCode(65 + all.length), pictures: [] }];
          onChoose(all.length);
        }}
      />
      <Button
        text="Remove this class"
        disabled={all.length <= LEAST_CLASSES}
        onClick={() => (classes.value = all.filter((_, i) => i !== at))}
      />
    </div>
  );
}

/** A pad to draw pictures on. */
function Sketch({ own, change }: OwnProps) {
  const drawing = useSignal(blank());
  return (
    <div>
      <Pad
        label={`Drawing of ${own.name}.`}
        pixels={drawing.value}
        side={LEARNING_SIDE}
        look={bytes}
        onStroke={(from, to, erases) => (drawing.value = drawnOn(drawing.peek(), from, to, erases))}
      />
      <div class="player">
        <Button
          text={`Add to ${own.name}`}
          class="primary"
          disabled={drawing.value.every((level) => level === 0)}
          onClick={() => {
            change({ pictures: [...own.pictures, inTheMiddle(drawing.value)] });
            drawing.value = blank();
          }}
        />
        <Button text="Wipe" onClick={() => (drawing.value = blank())} />
      </div>
    </div>
  );
}

/** The pictures of a class, and files to add. */
function Collected({ classes, own, change }: OwnProps) {
  const { problem, attempt } = useAttempt();
  const upload = async (files: readonly File[]): Promise<void> => {
    const pictures: Uint8Array[] = [];
    const room = MOST_PICTURES - classes.value.reduce((sum, each) => sum + each.pictures.length, 0);
    const problems: unknown[] = [];
    for (const file of files.slice(0, room))
      await readImage(file, LEARNING_SIDE).then(
        (greys) => pictures.push(Uint8Array.from(greys, (grey) => Math.round(255 * grey))),
        (problem: unknown) => problems.push(problem),
      );
    change({ pictures: [...own.pictures, ...pictures] });
    if (problems.length > 0) throw problems[0];
    if (files.length > room) throw new Error(`At most ${MOST_PICTURES} pictures are kept; the rest was left out.`);
  };
  return (
    <div class="collected">
      <FileInput
        label="Or files, as many as you like"
        accept="image/*"
        isMultiple
        onFiles={(files) => attempt(() => upload(files))}
      />
      <Notice text={problem.value} />
      <div class="channels tiny">
        {own.pictures.slice(-SHOWN).map((values, i) => (
          <Picture key={`${own.pictures.length} ${i}`} pixels={bytes(values)} label={`A picture of ${own.name}`} />
        ))}
      </div>
      {own.pictures.length > 0 && (
        <Button
          text={`Remove the last of ${own.name}`}
          onClick={() => change({ pictures: own.pictures.slice(0, -1) })}
        />
      )}
    </div>
  );
}
