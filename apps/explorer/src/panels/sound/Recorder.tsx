import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../controls/Button.tsx";
import { openDevice } from "../../controls/device.ts";
import type { Attempt } from "../../controls/useAttempt.ts";

interface RecorderProps {
  readonly seconds: number;
  readonly attempt: Attempt;
  readonly onSound: (sound: Blob) => void;
}

/** Records a short sound with the microphone. It stays on this page. */
export function Recorder({ seconds, attempt, onSound }: RecorderProps) {
  const isRecording = useSignal(false);
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);
  const record = (): Promise<void> =>
    openDevice("microphone", (stream) => {
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
    });
  return (
    <Button
      text={isRecording.value ? `Recording ${seconds} seconds…` : "Record one"}
      disabled={isRecording.value}
      onClick={() => void attempt(record)}
    />
  );
}
