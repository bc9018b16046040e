import { useSignal, type Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { shown, signOf } from "../draw/shown.ts";
import { cellValue } from "../fields.ts";
import { upTo } from "../numbers.ts";
import { moved, type Frame, type Place } from "../place.ts";

/** Content of a cell. */
export interface CellLook {
  readonly text: string;
  /** Description with its place: `row 1, column 2: 3`. */
  readonly label: string;
  readonly className: string;
  /** Strength of its colour, from 0 to 1. */
  readonly share?: number;
  /** Whether it cannot be edited in a matrix that can. */
  readonly isFixed?: boolean;
}

/** A number as a cell, with the colour of its sign, which is strongest at `most`. */
export const numberLook = (value: number, label: string, most: number): CellLook => ({
  text: shown(value),
  label: `${label}: ${shown(value)}`,
  className: signOf(value),
  share: Math.min(1, Math.abs(value) / most),
});

/** Properties of a {@link Matrix}. */
export interface MatrixProps {
  readonly label: string;
  readonly rows: number;
  readonly columns: number;
  readonly cell: (at: Place) => CellLook;
  readonly frame?: Frame | undefined;
  readonly className?: string;
  readonly onEdit?: ((at: Place, value: number) => void) | undefined;
  readonly onPick?: (at: Place) => void;
  /** Pointer or focus is on a cell, or has left. */
  readonly onPoint?: (at: Place | undefined) => void;
}

/** A cell that is being edited. */
interface Typing {
  readonly at: Place;
  readonly text: string;
  /** Whether the text replaces the number. */
  readonly isNew: boolean;
}

/** What the keyboard does in a grid: moves, picks and edits. */
function useGrid({ rows, columns, cell, onEdit, onPick }: MatrixProps) {
  const at = useSignal<Place>({ row: 0, column: 0 });
  const typing: Signal<Typing | undefined> = useSignal<Typing | undefined>(undefined);
  const root = useRef<HTMLDivElement>(null);
  const stop = { row: Math.min(at.value.row, rows - 1), column: Math.min(at.value.column, columns - 1) };
  const focus = ({ row, column }: Place): void => {
    at.value = { row, column };
    root.current?.querySelector<HTMLElement>(`[data-at="${row}.${column}"]`)?.focus();
  };
  const isEditable = (look: CellLook): boolean => onEdit !== undefined && !look.isFixed;
  const edit = (place: Place, text: string, isNew = false): void => {
    if (isEditable(cell(place))) typing.value = { at: place, text, isNew };
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
    else if ((event.key === "Delete" || event.key === "Backspace") && isEditable(cell(stop))) onEdit?.(stop, 0);
    else return;
    event.preventDefault();
  };
  return { root, at, stop, typing, isEditable, focus, edit, commit, onKey };
}

/**
 * A grid of numbers that can be pointed at, picked and edited. It is one tab stop: arrow keys move within it; a digit, Enter or F2
 * begins to edit, Enter ends that and Escape cancels it; Delete writes 0.
 */
export function Matrix(props: MatrixProps) {
  const { label, rows, columns, frame, className = "", onPoint } = props;
  const grid = useGrid(props);
  return (
    <div
      ref={grid.root}
      class={`matrix ${className}`}
      role="grid"
      aria-label={label}
      onKeyDown={grid.onKey}
      onPointerLeave={() => onPoint?.(undefined)}
      onFocusOut={() => onPoint?.(undefined)}
    >
      {upTo(rows).map((row) => (
        <div class="row" role="row" key={row}>
          {upTo(columns).map((column) => (
            <Cell key={column} {...props} place={{ row, column }} grid={grid} />
          ))}
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

function Cell(props: MatrixProps & { readonly place: Place; readonly grid: ReturnType<typeof useGrid> }) {
  const { cell, onPick, onPoint, place, grid } = props;
  const { row, column } = place;
  const look = cell(place);
  const typing = grid.typing.value;
  const isTyping = typing?.at.row === row && typing.at.column === column;
  const use = grid.isEditable(look) ? "editable" : onPick === undefined ? "" : "pickable";
  return (
    <div
      role="gridcell"
      class={`cell ${look.className} ${use}`}
      style={look.share === undefined ? undefined : { "--share": look.share.toFixed(3) }}
      data-at={`${row}.${column}`}
      tabIndex={grid.stop.row === row && grid.stop.column === column ? 0 : -1}
      aria-label={look.label}
      onPointerEnter={() => onPoint?.(place)}
      onFocus={() => {
        grid.at.value = place;
        onPoint?.(place);
      }}
      onClick={() => {
        onPick?.(place);
        if (!isTyping) grid.edit(place, look.text);
      }}
    >
      {look.text}
      {isTyping && (
        <input
          aria-label={`${look.label}: new value`}
          value={typing.text}
          ref={typing.isNew ? focusIt : selectIt}
          onKeyDown={(event) => {
            if (event.key === "Enter") grid.commit(event.currentTarget.value);
            else if (event.key === "Escape") grid.typing.value = undefined;
            else return;
            event.stopPropagation();
            grid.focus(place);
          }}
          onBlur={(event) => grid.commit(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

/** Typing continues after the first character. */
const focusIt = (input: HTMLInputElement | null): void => input?.focus();

/** Typing replaces the number. */
const selectIt = (input: HTMLInputElement | null): void => input?.select();
