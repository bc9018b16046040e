import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { greyOf } from "./readImage.ts";

/** What a {@link Pad} draws on. */
export interface PadProps {
  /** Height and width of what comes out. */
  readonly side: number;
  /** What is drawn, as grey from 0 to 1, row-major. */
  readonly onDraw: (pixels: Float32Array) => void;
}

const PEN = 3;
const PAPER = "#e8e8e8";
const INK = "#181818";
/** By key, in pixels. */
const STEP = 2;
const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
};

/** A sheet to draw on: with a pointer, or with arrow keys, where Space puts the pen down and lifts it. */
export function Pad({ side, onDraw }: PadProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<readonly [x: number, y: number] | undefined>(undefined);
  const pen = useSignal({ x: side / 2, y: side / 2, isDown: false });
  const context = (): CanvasRenderingContext2D => canvas.current!.getContext("2d", { willReadFrequently: true })!;
  const clear = (): void => {
    context().fillStyle = PAPER;
    context().fillRect(0, 0, side, side);
  };
  useEffect(clear, [side]);
  const stroke = (points: readonly (readonly [x: number, y: number])[]): void => {
    const drawing = context();
    Object.assign(drawing, { strokeStyle: INK, fillStyle: INK, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    const [x, y] = points[0]!;
    // A line without length leaves nothing on a canvas.
    drawing.beginPath();
    drawing.arc(x, y, PEN / 2, 0, 2 * Math.PI);
    drawing.fill();
    drawing.beginPath();
    drawing.moveTo(x, y);
    for (const [x, y] of points) drawing.lineTo(x, y);
    drawing.stroke();
    onDraw(greyOf(drawing, side));
  };
  const placeOf = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side];
  };
  const onKey = (event: KeyboardEvent): void => {
    const move = MOVES[event.key];
    const { x, y, isDown } = pen.value;
    if (move !== undefined) {
      const hold = (value: number): number => Math.max(1, Math.min(side - 1, value));
      const to = { x: hold(x + move[0]), y: hold(y + move[1]), isDown };
      if (isDown)
        stroke([
          [x, y],
          [to.x, to.y],
        ]);
      pen.value = to;
    } else if (event.key === " ") {
      if (!isDown)
        stroke([
          [x, y],
          [x, y],
        ]);
      pen.value = { x, y, isDown: !isDown };
    } else return;
    event.preventDefault();
  };
  return (
    <div class="pad">
      <div
        class="sheet"
        role="application"
        aria-label={`Drawing pad. Arrow keys move the pen, Space puts it ${pen.value.isDown ? "up" : "down"}`}
        tabIndex={0}
        onKeyDown={onKey}
      >
        <canvas
          ref={canvas}
          width={side}
          height={side}
          onPointerDown={(event) => {
            last.current = placeOf(event);
            stroke([last.current, last.current]);
          }}
          onPointerMove={(event) => {
            if (last.current === undefined || event.buttons === 0) return;
            const points = (event.getCoalescedEvents?.() ?? [event]).map(placeOf);
            stroke([last.current, ...points]);
            last.current = points.at(-1) ?? last.current;
          }}
          onPointerUp={() => (last.current = undefined)}
        />
        <span
          class={`pen ${pen.value.isDown ? "down" : ""}`}
          style={{ left: `${(pen.value.x / side) * 100}%`, top: `${(pen.value.y / side) * 100}%` }}
        />
      </div>
      <button
        type="button"
        onClick={() => {
          clear();
          onDraw(greyOf(context(), side));
        }}
      >
        Clear the sheet
      </button>
    </div>
  );
}
