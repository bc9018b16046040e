import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { LEARNING_SIDE as SIDE } from "../../compute/learningData.ts";
import { Picture } from "../../draw/Picture.tsx";
import { stroke, type Point } from "./pad.ts";

const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** What a {@link Pad} shows. */
export interface PadProps {
  readonly label: string;
  /** Greys from 0 to 255. `[28, 28]` */
  readonly pixels: Uint8Array;
  readonly onDraw: (pixels: Uint8Array) => void;
}

/** A sheet to draw on, by pointer; or by arrow keys, with the space bar to put the pen down and to lift it. */
export function Pad({ label, pixels, onDraw }: PadProps): JSX.Element {
  const pen = useSignal<Point>({ x: SIDE / 2, y: SIDE / 2 });
  const isDown = useSignal(false);
  const pointOf = (event: PointerEvent): Point => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * SIDE,
      y: ((event.clientY - box.top) / box.height) * SIDE,
    };
  };
  const to = (point: Point, draws: boolean): void => {
    if (draws) onDraw(stroke(pixels, pen.value, point));
    pen.value = point;
  };
  return (
    <div
      class="pad"
      role="application"
      aria-label={`${label}: arrow keys move the pen, space puts it down or lifts it; it is ${isDown.value ? "down" : "lifted"}`}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        pen.value = pointOf(event);
        onDraw(stroke(pixels, pen.value, pen.value));
      }}
      onPointerMove={(event) => {
        if (event.buttons !== 0) to(pointOf(event), true);
      }}
      onKeyDown={(event) => {
        const move = MOVES[event.key];
        const clamp = (at: number): number => Math.max(1, Math.min(SIDE - 1, at));
        if (move !== undefined) to({ x: clamp(pen.value.x + move[0]), y: clamp(pen.value.y + move[1]) }, isDown.value);
        else if (event.key === " ") {
          isDown.value = !isDown.value;
          if (isDown.value) onDraw(stroke(pixels, pen.value, pen.value));
        } else return;
        event.preventDefault();
      }}
    >
      <Picture
        raster={{ values: pixels, height: SIDE, width: SIDE, range: [0, 255], colours: "grey" }}
        label={label}
        frame={{ row: Math.floor(pen.value.y), column: Math.floor(pen.value.x), rows: 1, columns: 1 }}
      />
    </div>
  );
}
