import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../controls/Button.tsx";
import { openDevice, refusalOf } from "../../controls/device.ts";

/** Properties of a {@link Recorder}. */
export interface RecorderProps {
  readonly seconds: number;
  readonly onSound: (sound: Blob) => void;
  readonly onProblem: (text: string | undefined) => void;
}

/** Records a short sound with the microphone. It stays on this page. */
export function Recorder({ seconds, onSound, onProblem }: RecorderProps): JSX.Element {
  const isRecording = useSignal(false);
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);
  const record = async (): Promise<void> => {
    onProblem(undefined);
    try {
      const stream = await openDevice({ audio: true });
      const recorder = new MediaRecorder(stream);
      const parts: Blob[] = [];
      recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
      recorder.addEventListener("stop", () => {
        for (const track of stream.getTracks()) track.stop();
        isRecording.value = false;
        onSound(new Blob(parts, { type: recorder.mimeType }));
      });
      stop.current = () => recorder.state === "recording" && recorder.stop();
      recorder.start();
      isRecording.value = true;
      setTimeout(stop.current, seconds * 1000 + 200);
    } catch (error) {
      isRecording.value = false;
      onProblem(refusalOf("microphone", error));
    }
  };
  return (
    <Button
      text={isRecording.value ? `Recording ${seconds} seconds…` : "Record one"}
      disabled={isRecording.value}
      onClick={() => void record()}
    />
  );
}
