import type { ComponentChildren } from "preact";
import { Matrix, numberLook, type CellLook, type MatrixProps } from "./Matrix.tsx";
import { inWords, type Place } from "../place.ts";

/** A number with the colour that is strongest at `most`; or its gradient, once that is known. */
export const lookOf = (
  name: string,
  value: number,
  most: number,
  gradient: number | undefined,
  mostGradient: number,
): CellLook =>
  gradient === undefined ? numberLook(value, name, most) : numberLook(gradient, `gradient of ${name}`, mostGradient);

interface GridProps extends MatrixProps {
  /** The caption, with a bold title. */
  readonly lead?: string | undefined;
  readonly title?: ComponentChildren;
  readonly caption?: ComponentChildren;
  /** Whether its numbers are gradients, which have a dashed border and cannot be edited. */
  readonly isGradient?: boolean;
}

/** A matrix with its caption. */
export function Grid(props: GridProps) {
  const { lead, title, caption, isGradient = false, className = "", onEdit, ...matrix } = props;
  return (
    <div>
      <p class="caption">
        {lead}
        {title && <b>{title}</b>}
        {caption}
      </p>
      <Matrix
        {...matrix}
        className={`${className} ${isGradient ? "backward" : ""}`}
        onEdit={isGradient ? undefined : onEdit}
      />
    </div>
  );
}

interface NumbersProps extends Pick<GridProps, "title" | "caption" | "label" | "className"> {
  /** Row-major. */
  readonly values: readonly number[];
  /** Number of rows. Default: that of a square. */
  readonly rows?: number;
  /** Number at which colours are strongest. */
  readonly most: number;
  /** A place in words. Default: the label, row and column. */
  readonly placeName?: (at: Place) => string;
  /** Class of the number at an index. Default: that of its sign. */
  readonly classOf?: (i: number) => string;
  /** Called with the numbers after an edit. */
  readonly onEdit?: (values: number[]) => void;
}

/** A grid of numbers. */
export function Numbers(props: NumbersProps) {
  const { values, rows = Math.sqrt(values.length), most, placeName, classOf, onEdit, ...grid } = props;
  const columns = values.length / rows;
  const { label } = grid;
  const cell = (at: Place): CellLook => {
    const i = at.row * columns + at.column;
    const look = numberLook(values[i]!, placeName?.(at) ?? `${label}, ${inWords(at)}`, most);
    return { ...look, className: classOf?.(i) ?? look.className };
  };
  const edit = onEdit && ((at: Place, to: number) => onEdit(values.with(at.row * columns + at.column, to)));
  return <Grid {...grid} rows={rows} columns={columns} cell={cell} onEdit={edit} />;
}
