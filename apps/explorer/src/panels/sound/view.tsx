import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Matrix, type CellLook, type Place } from "../../controls/Matrix.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import { listen } from "./listen.ts";
import {
  codeOf,
  kernelNames,
  kernelOf,
  kernelSentence,
  LENGTH,
  loudness,
  RATE,
  soundFields,
  soundNames,
  soundOf,
  zoomStart,
  type SoundState,
} from "./model.ts";
import { readSound } from "./readSound.ts";
import { Recorder } from "./Recorder.tsx";
import { Wave } from "./Wave.tsx";

type Props = PanelProps<typeof soundFields>;

/** A sound before and after a kernel, to be seen and heard. */
export function SoundView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const own = useSignal<Float32Array | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const name = useComputed(() => signal.value.sound);
  const samples = useComputed(() => own.value ?? soundOf(name.value));
  const answered = useAnswer(
    "signal",
    useComputed(() => ({ samples: samples.value, kernel: kernelOf(signal.value) })),
  );
  const output = answered.value?.outcome.kind === "answer" ? answered.value.outcome.value.output : undefined;
  const take = async (file: Blob, name: string): Promise<void> => {
    const read = await readSound(file, name, LENGTH, RATE);
    problem.value = read.kind === "problem" ? read.text : undefined;
    if (read.kind === "sound") own.value = read.samples;
  };
  const play = (sound: Float32Array): void => {
    listen(sound, RATE).catch(
      () => (problem.value = "This browser plays no sound here; the pictures show it all the same."),
    );
  };
  const start = zoomStart(state, samples.value.length);
  const limit = [...samples.value, ...(output ?? [])].reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
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
        <label class="file">
          <span>Or a file of yours</span>
          <input
            type="file"
            accept="audio/*"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) void take(file, file.name);
            }}
          />
        </label>
        <Recorder
          seconds={LENGTH / RATE}
          onSound={(sound) => void take(sound, "The recording")}
          onProblem={(text) => (problem.value = text)}
        />
      </div>
      {problem.value !== undefined && (
        <div class="notice" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
      <div class="controls">
        <Choice label="Kernel" options={kernelNames} value={state.kernel} onChange={(kernel) => set({ kernel })} />
        {state.kernel === "average" && (
          <Slider label="Samples" field={soundFields.width} value={state.width} onChange={(width) => set({ width })} />
        )}
        {state.kernel === "echo" && (
          <Slider
            label="Hundredths of a second later"
            field={soundFields.delay}
            value={state.delay}
            onChange={(delay) => set({ delay })}
          />
        )}
        {state.kernel === "your own" && <Cells state={state} set={set} />}
        <Slider label="Look closer at" field={soundFields.at} value={state.at} onChange={(at) => set({ at })} />
      </div>
      <div class="waves">
        <div>
          <Wave name="Before" samples={samples.value} start={start} role="input" limit={limit} />
          <button type="button" onClick={() => play(samples.value)}>
            ▸ Listen before
          </button>
        </div>
        {output && (
          <div>
            <Wave name="After" samples={output} start={start} role="map" limit={limit} />
            <button type="button" onClick={() => play(output)}>
              ▸ Listen after
            </button>
          </div>
        )}
      </div>
      <p class="readout" role="status">
        {kernelSentence(state)}
        {output && ` Loudness ${shown(loudness(samples.value))} before, ${shown(loudness(output))} after.`}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** Five numbers, to be edited. */
function Cells({ state, set }: { readonly state: SoundState } & Pick<Props, "set">): JSX.Element {
  const cell = ({ column }: Place): CellLook => {
    const value = state.cells[column]!;
    return {
      text: shown(value),
      label: `kernel, ${column} samples ago: ${shown(value)}`,
      className: value < 0 ? "negative" : value > 0 ? "positive" : "",
      share: Math.min(1, Math.abs(value) / Math.max(...state.cells.map(Math.abs), 1)),
      isEditable: true,
    };
  };
  return (
    <div>
      <p class="caption">now, and up to four samples ago</p>
      <Matrix
        label="Kernel of a sound"
        className="decimals"
        rows={1}
        columns={state.cells.length}
        cell={cell}
        onEdit={({ column }, value) => set({ cells: state.cells.with(column, value) })}
      />
    </div>
  );
}
