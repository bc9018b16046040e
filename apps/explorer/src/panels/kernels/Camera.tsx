import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../controls/Button.tsx";
import { openDevice } from "../../controls/device.ts";
import type { Attempt } from "../../controls/useAttempt.ts";
import { middleOf } from "../../draw/readImage.ts";

interface CameraProps {
  readonly side: number;
  readonly attempt: Attempt;
  /** Called with each picture: grey from 0 to 1, row-major. */
  readonly onPicture: (pixels: Float32Array) => void;
}

/** Milliseconds between two pictures. */
const PAUSE = 100;

/** Takes pictures with the camera until the reader stops it. They stay on this page. */
export function Camera({ side, attempt, onPicture }: CameraProps) {
  const stream = useSignal<MediaStream | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setInterval> | undefined>(undefined);
  const end = (): void => {
    clearInterval(timer.current);
    timer.current = undefined;
    for (const track of stream.peek()?.getTracks() ?? []) track.stop();
    stream.value = undefined;
  };
  useEffect(() => end, []);
  const begin = (): Promise<void> =>
    openDevice("camera", async (opened) => {
      stream.value = opened;
      const video = document.createElement("video");
      Object.assign(video, { srcObject: opened, muted: true, playsInline: true });
      await video.play();
      timer.current = setInterval(() => {
        if (video.videoWidth > 0) onPicture(middleOf(video, video.videoWidth, video.videoHeight, side));
      }, PAUSE);
    }).finally(() => timer.current === undefined && end());
  return (
    <Button
      text={stream.value === undefined ? "Use the camera" : "Stop the camera"}
      onClick={() => (stream.value === undefined ? void attempt(begin) : end())}
    />
  );
}
