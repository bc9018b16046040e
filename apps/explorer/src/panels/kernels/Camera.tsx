import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../controls/Button.tsx";
import { openDevice, refusalOf } from "../../controls/device.ts";
import { middleOf } from "../../draw/readImage.ts";

/** Properties of a {@link Camera}. */
export interface CameraProps {
  readonly side: number;
  /** Called with each picture: grey from 0 to 1, row-major. */
  readonly onPicture: (pixels: Float32Array) => void;
  /** Called with the problem, or with `undefined` when it is solved. */
  readonly onProblem: (text: string | undefined) => void;
}

/** Milliseconds between two pictures. */
const PAUSE = 100;

/** Takes pictures with the camera until the reader stops it. They stay on this page. */
export function Camera({ side, onPicture, onProblem }: CameraProps): JSX.Element {
  const stream = useSignal<MediaStream | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setInterval> | undefined>(undefined);
  const end = (): void => {
    clearInterval(timer.current);
    for (const track of stream.peek()?.getTracks() ?? []) track.stop();
    stream.value = undefined;
  };
  useEffect(() => end, []);
  const begin = async (): Promise<void> => {
    onProblem(undefined);
    try {
      stream.value = await openDevice({ video: { width: 320, height: 240 } });
      const video = document.createElement("video");
      Object.assign(video, { srcObject: stream.value, muted: true, playsInline: true });
      await video.play();
      timer.current = setInterval(() => {
        if (video.videoWidth > 0) onPicture(middleOf(video, video.videoWidth, video.videoHeight, side));
      }, PAUSE);
    } catch (error) {
      end();
      onProblem(refusalOf("camera", error));
    }
  };
  return (
    <Button
      text={stream.value === undefined ? "Use the camera" : "Stop the camera"}
      onClick={() => (stream.value === undefined ? void begin() : end())}
    />
  );
}
