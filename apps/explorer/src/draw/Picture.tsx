import { paintMap, type ColorMapName } from "@convlens/analysis/render";
import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { moved, type Frame, type Place } from "../place.ts";
import { clamp, largestSize } from "../numbers.ts";
import { shown } from "./shown.ts";
import { isDark } from "./theme.ts";

/** Numbers that are shown as a picture. */
export interface Pixels {
  /** Row-major. NaN is transparent. */
  readonly values: ArrayLike<number>;
  /** Default: those of a square. */
  readonly height?: number;
  readonly width?: number;
  readonly range: readonly [least: number, greatest: number];
  readonly map: ColorMapName;
}

/** Pixels of a square drawing, from 0 (paper) to 1 (ink). */
export const ink = (values: ArrayLike<number>): Pixels => ({ values, range: [0, 1], map: "sequential" });

/** Pixels of a square photograph, from 0 (black) to 1 (white). */
export const gray = (values: ArrayLike<number>): Pixels => ({ values, range: [0, 1], map: "gray" });

/** Numbers of both signs, with colours that are strongest at ±`limit`. */
export const signed = (values: ArrayLike<number>, limit: number = largestSize(values)): Pixels => ({
  values,
  range: [-limit, limit],
  map: "signed",
});

const sizeOf = ({ values, height, width }: Pixels): { readonly height: number; readonly width: number } => {
  const side = Math.round(Math.sqrt(values.length));
  return { height: height ?? side, width: width ?? side };
};

/** Properties of a {@link Picture}. */
export interface PictureProps {
  readonly pixels: Pixels;
  /** Description with the important numbers. */
  readonly label: string;
  readonly frame?: Frame | undefined;
  readonly onPoint?: ((at: Place | undefined) => void) | undefined;
  readonly onPick?: ((at: Place) => void) | undefined;
  /** A number in words. With it, arrow keys go through the picture number by number. */
  readonly describe?: ((at: Place) => string) | undefined;
}

/** Position of a frame or a cursor as style properties. */
const frameStyle = ({ row, column, rows, columns }: Frame): Readonly<Record<string, number>> => ({
  ...{ "--row": row, "--column": column, "--rows": rows, "--columns": columns },
});

/**
 * An image or a map on a canvas with a pixel for each number, enlarged by the style sheet. With `describe` it is a tab stop: arrow
 * keys go to its numbers, which are announced, and Enter picks one.
 */
export function Picture({ pixels, label, frame, onPoint, onPick, describe }: PictureProps) {
  const { height, width } = sizeOf(pixels);
  const canvas = useCanvas(pixels);
  const reading = useReading({ pixels, label, onPoint, onPick, describe });
  const placeOf = (event: PointerEvent): Place => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return {
      row: clamp(Math.floor(((event.clientY - box.top) / box.height) * height), 0, height - 1),
      column: clamp(Math.floor(((event.clientX - box.left) / box.width) * width), 0, width - 1),
    };
  };
  return (
    <div
      class="picture"
      style={{ "--pixels": width, aspectRatio: `${width} / ${height}` }}
      onPointerMove={(event) => onPoint?.(placeOf(event))}
      onPointerLeave={() => onPoint?.(undefined)}
      onPointerDown={(event) => (reading.cursor.value = placeOf(event))}
      onClick={(event) => onPick?.(placeOf(event as unknown as PointerEvent))}
      {...reading.attributes}
    >
      <canvas ref={canvas} role="img" aria-label={label} />
      {frame && <div class="frame" aria-hidden="true" style={frameStyle(frame)} />}
      {reading.cursorElement}
    </div>
  );
}

/** A canvas with the pixels, painted again when they or the theme change. */
function useCanvas(pixels: Pixels) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(pixels);
  latest.current = pixels;
  const draw = (): void => {
    const { values, range, map } = latest.current;
    const { height, width } = sizeOf(latest.current);
    const context = canvas.current?.getContext("2d");
    if (!context || values.length !== height * width) return;
    Object.assign(canvas.current!, { width, height });
    const theme = isDark.value ? "dark" : "light";
    const { data } = paintMap({ shape: [height, width], values }, { map, range, theme });
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) data[4 * i + 3] = 0;
    context.putImageData(new ImageData(data, width, height), 0, 0);
  };
  useEffect(draw);
  useSignalEffect(() => {
    void isDark.value;
    draw();
  });
  return canvas;
}

/** Scrolls a wide picture to its cursor. */
const intoView = (element: HTMLElement | null): void =>
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });

/** Goes through a picture number by number with the keyboard. */
function useReading({ pixels, label, onPoint, onPick, describe }: Omit<PictureProps, "frame">) {
  const { height, width } = sizeOf(pixels);
  const cursor = useSignal<Place>({ row: 0, column: 0 });
  const isFocused = useSignal(false);
  const at = { row: Math.min(cursor.value.row, height - 1), column: Math.min(cursor.value.column, width - 1) };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = moved(at, event.key, height, width);
    if (next !== undefined) {
      cursor.value = next;
      onPoint?.(next);
    } else if (event.key === "Enter" && onPick !== undefined) onPick(at);
    else return;
    event.preventDefault();
  };
  const focus = (isNow: boolean) => (): void => {
    isFocused.value = isNow;
    onPoint?.(isNow ? at : undefined);
  };
  const attributes = describe && {
    role: "application" as const,
    tabIndex: 0,
    "aria-label": `${label}. Arrow keys move through it${onPick ? ", Enter looks at that output" : ""}.`,
    ...{ onKeyDown, onFocus: focus(true), onBlur: focus(false) },
  };
  const place = { "--row": at.row, "--column": at.column };
  const cursorElement = describe && (
    <>
      {isFocused.value && (
        <div key={`${at.row} ${at.column}`} ref={intoView} class="cursor" aria-hidden="true" style={place} />
      )}
      <span class="hidden" role="status">
        {isFocused.value ? describe(at) : ""}
      </span>
    </>
  );
  return { cursor, attributes, cursorElement };
}

/** Properties of a {@link Plate}. */
export interface PlateProps extends PictureProps {
  /** The caption, with a bold title. */
  readonly lead?: string;
  readonly title?: string;
  readonly caption?: ComponentChildren;
  /** Whether a legend of the colours stands below. */
  readonly hasLegend?: boolean;
  readonly children?: ComponentChildren;
}

/** A picture with its caption. */
export function Plate({ lead, title, caption, hasLegend = false, children, ...picture }: PlateProps) {
  return (
    <div>
      <p class="caption">
        {lead}
        {title && <b>{title}</b>}
        {caption}
      </p>
      <Picture {...picture} />
      {hasLegend && <Legend {...picture.pixels} />}
      {children}
    </div>
  );
}

const STEPS = 64;

/** Legend of a colour map. */
export function Legend({ range: [least, greatest], map }: Pick<Pixels, "range" | "map">) {
  const values = Array.from({ length: STEPS }, (_, i) => least + ((greatest - least) * i) / (STEPS - 1));
  return (
    <div class="legend">
      <span>{shown(least)}</span>
      <Picture
        pixels={{ values, height: 1, width: STEPS, range: [least, greatest], map }}
        label={`Colours from ${shown(least)} to ${shown(greatest)}`}
      />
      <span>{shown(greatest)}</span>
    </div>
  );
}
