import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { moved, type Frame, type Place } from "../controls/Matrix.tsx";
import { coloursOf, paint, type Colours } from "./palette.ts";
import { shown } from "./shown.ts";
import { isDark } from "./theme.ts";

/** Numbers to be shown as a picture. */
export interface Raster {
  /** Row-major. */
  readonly values: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
  readonly range: readonly [least: number, largest: number];
  readonly colours: Colours;
}

/** What a {@link Picture} shows and does. */
export interface PictureProps {
  readonly raster: Raster;
  /** What is to be seen, with its numbers. */
  readonly label: string;
  readonly frame?: Frame | undefined;
  readonly onPoint?: (at: Place | undefined) => void;
  readonly onPick?: (at: Place) => void;
  /** What stands at a place, in words. With it the picture can be read by keyboard as well, number by number. */
  readonly describe?: (at: Place) => string;
}

/**
 * An image or a map on a canvas, a pixel for each number, enlarged by the style sheet. With `describe` it is a tab stop: arrow keys
 * point at its numbers, which are said, and Enter picks one.
 */
export function Picture({ raster, label, frame, onPoint, onPick, describe }: PictureProps): JSX.Element {
  const { height, width } = raster;
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(raster);
  latest.current = raster;
  const draw = (): void => {
    const { values, height, width, range, colours } = latest.current;
    const context = canvas.current?.getContext("2d");
    if (!context || values.length !== height * width) return;
    Object.assign(canvas.current!, { width, height });
    context.putImageData(new ImageData(paint(values, range, coloursOf(colours, isDark.value)), width, height), 0, 0);
  };
  useEffect(draw);
  useSignalEffect(() => {
    void isDark.value;
    draw();
  });
  const cursor = useSignal<Place>({ row: 0, column: 0 });
  const isFocused = useSignal(false);
  const at = { row: Math.min(cursor.value.row, height - 1), column: Math.min(cursor.value.column, width - 1) };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = moved(at, event.key, height, width);
    if (next !== undefined) {
      cursor.value = next;
      onPoint?.(next);
    } else if (event.key === "Enter" && onPick !== undefined) onPick(at);
    else return;
    event.preventDefault();
  };
  const read = describe && {
    role: "application" as const,
    tabIndex: 0,
    "aria-label": `${label}. Arrow keys move through it${onPick ? ", Enter looks at that output" : ""}.`,
    onKeyDown: onKey,
    onFocus: () => {
      isFocused.value = true;
      onPoint?.(at);
    },
    onBlur: () => {
      isFocused.value = false;
      onPoint?.(undefined);
    },
  };
  const placeOf = (event: PointerEvent): Place => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const part = (offset: number, size: number, count: number): number =>
      Math.max(0, Math.min(count - 1, Math.floor((offset / size) * count)));
    return {
      row: part(event.clientY - box.top, box.height, height),
      column: part(event.clientX - box.left, box.width, width),
    };
  };
  return (
    <div
      class="picture"
      style={{ "--pixels": width, aspectRatio: `${width} / ${height}` }}
      onPointerMove={(event) => onPoint?.(placeOf(event))}
      onPointerLeave={() => onPoint?.(undefined)}
      onPointerDown={(event) => (cursor.value = placeOf(event))}
      onClick={(event) => onPick?.(placeOf(event as unknown as PointerEvent))}
      {...read}
    >
      <canvas ref={canvas} role="img" aria-label={label} />
      {frame && (
        <div
          class="frame"
          aria-hidden="true"
          style={{ "--row": frame.row, "--column": frame.column, "--rows": frame.rows, "--columns": frame.columns }}
        />
      )}
      {describe && (
        <>
          {isFocused.value && (
            <div
              key={`${at.row} ${at.column}`}
              ref={intoSight}
              class="cursor"
              aria-hidden="true"
              style={{ "--row": at.row, "--column": at.column }}
            />
          )}
          <span class="hidden" role="status">
            {isFocused.value ? describe(at) : ""}
          </span>
        </>
      )}
    </div>
  );
}

/** A picture may be wider than its room. */
const intoSight = (element: HTMLElement | null): void =>
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });

/** What a {@link Legend} explains. */
export interface LegendProps {
  readonly range: readonly [number, number];
  readonly colours: Colours;
}

const STEPS = 64;

/** Which colour is which number. */
export function Legend({ range: [least, largest], colours }: LegendProps): JSX.Element {
  const values = Array.from({ length: STEPS }, (_, i) => least + ((largest - least) * i) / (STEPS - 1));
  return (
    <div class="legend">
      <span>{shown(least)}</span>
      <Picture
        raster={{ values, height: 1, width: STEPS, range: [least, largest], colours }}
        label={`Colours from ${shown(least)} to ${shown(largest)}`}
      />
      <span>{shown(largest)}</span>
    </div>
  );
}
