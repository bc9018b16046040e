import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Spot } from "../draw/ink.ts";
import { ink, Picture, type Pixels } from "../draw/Picture.tsx";
import { clamp } from "../numbers.ts";

interface PadProps {
  /** What is drawn on it, in words. */
  readonly label: string;
  /** Row-major. */
  readonly pixels: ArrayLike<number>;
  readonly side: number;
  /** Colours of the pixels. Default: those of {@link ink}. */
  readonly look?: (values: ArrayLike<number>) => Pixels;
  /** First place of the pen. Default: the middle. */
  readonly start?: Spot;
  /** Pixels that an arrow key moves the pen. Default: 1. */
  readonly step?: number;
  /** A stroke of the pen, or of the eraser. */
  readonly onStroke: (from: Spot, to: Spot, erases: boolean) => void;
  /** Whether the pen erases. */
  readonly erases?: boolean;
}

const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Strokes of a pointer, as handlers. */
function usePointer({ side, onStroke, erases = false }: PadProps) {
  const last = useRef<Spot | undefined>(undefined);
  const spotOf = (event: PointerEvent, box: DOMRect): Spot => ({
    x: ((event.clientX - box.left) / box.width) * side,
    y: ((event.clientY - box.top) / box.height) * side,
  });
  type Event = PointerEvent & { readonly currentTarget: HTMLElement };
  const lift = (): void => void (last.current = undefined);
  return {
    onPointerDown: (event: Event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      last.current = spotOf(event, event.currentTarget.getBoundingClientRect());
      onStroke(last.current, last.current, erases);
    },
    onPointerMove: (event: Event) => {
      if (last.current === undefined) return;
      const box = event.currentTarget.getBoundingClientRect();
      // A fast pointer is measured more often than the screen is painted.
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length > 0 ? passed : [event]) {
        const spot = spotOf(each, box);
        onStroke(last.current, spot, erases);
        last.current = spot;
      }
    },
    onPointerUp: lift,
    onPointerCancel: lift,
  };
}

/** A pen that the keyboard moves. */
function usePen({ side, start = { x: side / 2, y: side / 2 }, step = 1, onStroke, erases = false }: PadProps) {
  const pen = useSignal<Spot>(start);
  const isDown = useSignal(false);
  const isFocused = useSignal(false);
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = MOVES[event.key];
    const { x, y } = pen.value;
    if (move !== undefined) {
      const within = (at: number): number => clamp(at, 0.5, side - 0.5);
      const next = { x: within(x + step * move[0]), y: within(y + step * move[1]) };
      if (isDown.value) onStroke(pen.value, next, erases);
      pen.value = next;
    } else if (event.key === " ") {
      isDown.value = !isDown.value;
      if (isDown.value) onStroke(pen.value, pen.value, erases);
    } else if (event.key === "Delete" || event.key === "Backspace") onStroke(pen.value, pen.value, true);
    else return;
    event.preventDefault();
  };
  const handlers = {
    onKeyDown,
    onFocus: () => void (isFocused.value = true),
    onBlur: () => {
      isFocused.value = false;
      isDown.value = false;
    },
  };
  return { pen, isDown, isFocused, handlers };
}

/**
 * Paper to draw on with a pointer or the keyboard: arrow keys move the pen, Space puts it down and lifts it, Delete erases at its
 * place.
 */
export function Pad(props: PadProps) {
  const { label, pixels, look = ink } = props;
  const pointer = usePointer(props);
  const { pen, isDown, isFocused, handlers } = usePen(props);
  const at = { row: Math.floor(pen.value.y), column: Math.floor(pen.value.x) };
  return (
    <div
      class={`pad ${isDown.value ? "down" : ""}`}
      role="application"
      tabIndex={0}
      aria-label={`${label} Arrow keys move the pen, Space puts it down and lifts it, Delete erases.`}
      {...handlers}
      {...pointer}
    >
      <Picture
        pixels={look(pixels)}
        label={label}
        frame={isFocused.value ? { row: at.row - 1, column: at.column - 1, rows: 3, columns: 3 } : undefined}
      />
      <span class="hidden" role="status">
        {isFocused.value ? `Pen ${isDown.value ? "down" : "up"}, row ${at.row + 1}, column ${at.column + 1}` : ""}
      </span>
    </div>
  );
}
