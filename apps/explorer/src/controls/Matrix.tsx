import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { cellValue } from "../fields.ts";

/** A place in a {@link Matrix}. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** A part of a matrix with a frame around it. */
export interface Frame extends Place {
  readonly rows: number;
  readonly columns: number;
}

/** What one cell shows. */
export interface CellLook {
  readonly text: string;
  /** What it is, for those who do not see where it stands: `row 1, column 2: 3`. */
  readonly label: string;
  readonly className: string;
  /** How strong its colour is, from 0 to 1. */
  readonly share?: number;
  readonly isEditable?: boolean;
}

/** What a {@link Matrix} shows and does. */
export interface MatrixProps {
  readonly label: string;
  readonly rows: number;
  readonly columns: number;
  readonly cell: (at: Place) => CellLook;
  readonly frame?: Frame | undefined;
  readonly className?: string;
  readonly onEdit?: (at: Place, value: number) => void;
  readonly onPick?: (at: Place) => void;
  /** Pointer or focus is on a cell, or has left. */
  readonly onPoint?: (at: Place | undefined) => void;
}

const MOVES: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
};

/** Where a key leads from a place of a grid of so many rows and columns; `undefined` for a key that leads nowhere. */
export function moved({ row, column }: Place, key: string, rows: number, columns: number): Place | undefined {
  const move = MOVES[key];
  const clamp = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value));
  return move && { row: clamp(row + move[0], rows), column: clamp(column + move[1], columns) };
}

/**
 * A grid of numbers that can be pointed at, picked and edited. One tab stop: arrow keys move within it, a digit, Enter or F2
 * begins to edit, Enter ends that, Escape undoes it, Delete writes 0.
 */
export function Matrix(props: MatrixProps): JSX.Element {
  const { label, rows, columns, cell, frame, className = "", onEdit, onPick, onPoint } = props;
  const at = useSignal<Place>({ row: 0, column: 0 });
  const typing = useSignal<{ readonly at: Place; readonly text: string; readonly isNew: boolean } | undefined>(
    undefined,
  );
  const root = useRef<HTMLDivElement>(null);
  const stop = { row: Math.min(at.value.row, rows - 1), column: Math.min(at.value.column, columns - 1) };

  const focus = ({ row, column }: Place): void => {
    at.value = { row, column };
    root.current?.querySelector<HTMLElement>(`[data-at="${row}.${column}"]`)?.focus();
  };
  const edit = (place: Place, text: string, isNew = false): void => {
    if (onEdit !== undefined && cell(place).isEditable) typing.value = { at: place, text, isNew };
  };
  const commit = (text: string): void => {
    const where = typing.value?.at;
    const value = cellValue(text);
    typing.value = undefined;
    if (where !== undefined && value !== undefined) onEdit?.(where, value);
  };
  const onKey = (event: KeyboardEvent): void => {
    const next = moved(stop, event.key, rows, columns);
    if (typing.value !== undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (next !== undefined) focus(next);
    else if (event.key === "Enter" && onPick !== undefined) onPick(stop);
    else if (event.key === "Enter" || event.key === "F2") edit(stop, cell(stop).text);
    else if (/^[-−\d.]$/.test(event.key)) edit(stop, event.key, true);
    else if ((event.key === "Delete" || event.key === "Backspace") && cell(stop).isEditable) onEdit?.(stop, 0);
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={root}
      class={`matrix ${className}`}
      role="grid"
      aria-label={label}
      onKeyDown={onKey}
      onPointerLeave={() => onPoint?.(undefined)}
      onFocusOut={() => onPoint?.(undefined)}
    >
      {Array.from({ length: rows }, (_, row) => (
        <div class="row" role="row" key={row}>
          {Array.from({ length: columns }, (_, column) => {
            const place = { row, column };
            const look = cell(place);
            const isTyping = typing.value?.at.row === row && typing.value.at.column === column;
            const use = look.isEditable ? "editable" : onPick === undefined ? "" : "pickable";
            return (
              <div
                key={column}
                role="gridcell"
                class={`cell ${look.className} ${use}`}
                style={look.share === undefined ? undefined : { "--share": look.share.toFixed(3) }}
                data-at={`${row}.${column}`}
                tabIndex={stop.row === row && stop.column === column ? 0 : -1}
                aria-label={look.label}
                onPointerEnter={() => onPoint?.(place)}
                onFocus={() => {
                  at.value = place;
                  onPoint?.(place);
                }}
                onClick={() => {
                  onPick?.(place);
                  if (!isTyping) edit(place, look.text);
                }}
              >
                {look.text}
                {isTyping && (
                  <input
                    aria-label={`${look.label}: new value`}
                    value={typing.value?.text}
                    ref={typing.value?.isNew ? goOn : replace}
                    onKeyDown={(event) => {
                      if (event.key === "Enter") commit(event.currentTarget.value);
                      else if (event.key === "Escape") typing.value = undefined;
                      else return;
                      event.stopPropagation();
                      focus(place);
                    }}
                    onBlur={(event) => commit(event.currentTarget.value)}
                  />
                )}
              </div>
            );
          })}
        </div>
      ))}
      {frame && (
        <div
          class="frame"
          aria-hidden="true"
          style={{ "--row": frame.row, "--column": frame.column, "--rows": frame.rows, "--columns": frame.columns }}
        />
      )}
    </div>
  );
}

/** What was typed already goes on. */
const goOn = (input: HTMLInputElement | null): void => input?.focus();

/** What stood there is replaced by what is typed. */
const replace = (input: HTMLInputElement | null): void => input?.select();
