import { useComputed, useSignal } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import { Button } from "../../controls/Button.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { FileInput } from "../../controls/FileInput.tsx";
import { Numbers } from "../../controls/Grid.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { useAttempt, type Attempt } from "../../controls/useAttempt.ts";
import { shown } from "../../draw/shown.ts";
import { largestSize } from "../../numbers.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { listen } from "./listen.ts";
import {
  codeOf,
  kernelOf,
  kernelSentence,
  LENGTH,
  loudness,
  RATE,
  soundFields,
  soundNames,
  soundOf,
  zoomStart,
} from "./model.ts";
import { readSound } from "./readSound.ts";
import { Recorder } from "./Recorder.tsx";
import { Wave } from "./Wave.tsx";

type Props = PanelProps<typeof soundFields>;

/** A sound before and after a kernel, as pictures and to listen to. */
export function SoundView(props: Props) {
  const { signal, state, set, slider, choice } = props;
  const own = useSignal<Float32Array | undefined>(undefined);
  const { problem, attempt } = useAttempt();
  const name = useComputed(() => signal.value.sound);
  const samples = useComputed(() => own.value ?? soundOf(name.value));
  const answered = useAnswer("signal", () => ({ samples: samples.value, kernel: kernelOf(signal.value) })).value;
  const output = answered.value;
  const take = (file: Blob, name: string): Promise<void> =>
    attempt(async () => void (own.value = await readSound(file, name)));
  return (
    <>
      <div class="controls">
        <Choice
          label="Sound"
          options={own.value ? [...soundNames, "yours"] : soundNames}
          value={own.value ? "yours" : state.sound}
          onChange={(sound) => {
            if (sound === "yours") return;
            own.value = undefined;
            set({ sound: sound });
          }}
        />
        <FileInput label="Or a file of yours" accept="audio/*" onFiles={([file]) => take(file, file.name)} />
        <Recorder seconds={LENGTH / RATE} attempt={attempt} onSound={(sound) => void take(sound, "The recording")} />
      </div>
      <Notice text={problem.value ?? answered.problem} />
      <div class="controls">
        {choice("kernel", "Kernel")}
        {state.kernel === "average" && slider("width", "Samples")}
        {state.kernel === "echo" && slider("delay", "Hundredths of a second later")}
        {state.kernel === "your own" && (
          <Numbers
            caption="now, and up to four samples ago"
            label="Kernel of a sound"
            className="decimals"
            rows={1}
            values={state.cells}
            most={largestSize(state.cells, 1)}
            placeName={({ column }) => `kernel, ${column} samples ago`}
            onEdit={(cells) => set({ cells })}
          />
        )}
        {slider("at", "Look closer at")}
      </div>
      <Waves before={samples.value} after={output} start={zoomStart(state, samples.value.length)} attempt={attempt} />
      <p class="readout" role="status">
        {kernelSentence(state)}
        {output && ` Loudness ${shown(loudness(samples.value))} before, ${shown(loudness(output))} after.`}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** Both sounds on one scale, each with a button to listen to it. */
function Waves(props: {
  readonly before: Float32Array;
  readonly after: Float32Array | undefined;
  readonly start: number;
  readonly attempt: Attempt;
}) {
  const { before, after, start, attempt } = props;
  const limit = Math.max(largestSize(before, 0.01), after === undefined ? 0 : largestSize(after));
  const failed = (cause: unknown): never => {
    throw new Error("This browser cannot play the sound; the pictures show it.", { cause });
  };
  const play = (sound: Float32Array): void => void attempt(() => listen(sound, RATE).catch(failed));
  return (
    <div class="waves">
      <div>
        <Wave name="Before" samples={before} start={start} role="input" limit={limit} />
        <Button text="▸ Listen before" onClick={() => play(before)} />
      </div>
      {after && (
        <div>
          <Wave name="After" samples={after} start={start} role="map" limit={limit} />
          <Button text="▸ Listen after" onClick={() => play(after)} />
        </div>
      )}
    </div>
  );
}
