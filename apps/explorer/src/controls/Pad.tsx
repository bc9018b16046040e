import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Spot } from "../draw/ink.ts";
import { Picture, type Raster } from "../draw/Picture.tsx";

/** What a {@link Pad} shows and does. */
export interface PadProps {
  /** What is drawn on it, in words. */
  readonly label: string;
  /** Row-major. */
  readonly pixels: ArrayLike<number>;
  readonly side: number;
  /** How pixels are shown. Default: from 0 (paper) to 1 (ink). */
  readonly look?: Pick<Raster, "range" | "colours">;
  /** Where the pen is at first. Default: the middle. */
  readonly start?: Spot;
  /** How far an arrow key moves it, in pixels. Default: 1. */
  readonly step?: number;
  /** A stroke of the pen, or of the eraser. */
  readonly onStroke: (from: Spot, to: Spot, erases: boolean) => void;
  /** Whether the pen erases. */
  readonly erases?: boolean;
}

const INK = { range: [0, 1], colours: "sequence" } as const;
const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Paper to draw on with a pointer; or with the keyboard: arrow keys move the pen, Space sets it down and lifts it, Delete erases
 * where it is.
 */
export function Pad({
  label,
  pixels,
  side,
  look = INK,
  start = { x: side / 2, y: side / 2 },
  step = 1,
  onStroke,
  erases = false,
}: PadProps): JSX.Element {
  const last = useRef<Spot | undefined>(undefined);
  const pen = useSignal<Spot>(start);
  const isDown = useSignal(false);
  const isFocused = useSignal(false);
  const spotOf = (event: PointerEvent, box: DOMRect): Spot => ({
    x: ((event.clientX - box.left) / box.width) * side,
    y: ((event.clientY - box.top) / box.height) * side,
  });
  const follow = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    if (last.current === undefined) return;
    const box = event.currentTarget.getBoundingClientRect();
    // A fast hand is seen more often than the screen is painted.
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length > 0 ? passed : [event]) {
      const spot = spotOf(each, box);
      onStroke(last.current, spot, erases);
      last.current = spot;
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    const move = MOVES[event.key];
    const { x, y } = pen.value;
    if (move !== undefined) {
      const clamp = (at: number): number => Math.max(0.5, Math.min(side - 0.5, at));
      const next = { x: clamp(x + step * move[0]), y: clamp(y + step * move[1]) };
      if (isDown.value) onStroke(pen.value, next, erases);
      pen.value = next;
    } else if (event.key === " ") {
      isDown.value = !isDown.value;
      if (isDown.value) onStroke(pen.value, pen.value, erases);
    } else if (event.key === "Delete" || event.key === "Backspace") onStroke(pen.value, pen.value, true);
    else return;
    event.preventDefault();
  };
  const { x, y } = pen.value;
  const at = { row: Math.floor(y), column: Math.floor(x) };
  return (
    <div
      class={`pad ${isDown.value ? "down" : ""}`}
      role="application"
      tabIndex={0}
      aria-label={`${label} Arrow keys move the pen, Space sets it down and lifts it, Delete erases.`}
      onKeyDown={onKey}
      onFocus={() => (isFocused.value = true)}
      onBlur={() => {
        isFocused.value = false;
        isDown.value = false;
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        last.current = spotOf(event, event.currentTarget.getBoundingClientRect());
        onStroke(last.current, last.current, erases);
      }}
      onPointerMove={follow}
      onPointerUp={() => (last.current = undefined)}
      onPointerCancel={() => (last.current = undefined)}
    >
      <Picture
        raster={{ values: pixels, height: side, width: side, ...look }}
        label={label}
        frame={isFocused.value ? { row: at.row - 1, column: at.column - 1, rows: 3, columns: 3 } : undefined}
      />
      <span class="hidden" role="status">
        {isFocused.value ? `Pen ${isDown.value ? "down" : "up"}, row ${at.row + 1}, column ${at.column + 1}` : ""}
      </span>
    </div>
  );
}
