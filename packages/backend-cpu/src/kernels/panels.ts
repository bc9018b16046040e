import { load, load4, number, plus, type Pointer } from "../assembler/expression.ts";
import type { FunctionWriter, Machine } from "../assembler/function.ts";
import { transpose4, four } from "./transpose4.ts";

/** Columns of a packed panel where tiles must be the same on every machine. */
export const NARROW = 8;

/** Columns of a packed panel: those of a tile, unless there are fewer. */
export const panelWidth = ({ tile }: Machine, columns: number): number => (columns > NARROW ? tile.columns : NARROW);

/** Numbers that {@link writePack} writes for a matrix. */
export const panelLength = (terms: number, columns: number, width: number): number =>
  Math.ceil(columns / width) * width * terms;

/** A matrix [terms, columns] anywhere in the memory. */
export interface PanelShape {
  readonly terms: number;
  readonly columns: number;
  /** Distance between terms. */
  readonly termStep: number;
  /** Distance between columns. */
  readonly columnStep: number;
  /** Columns of a panel: a multiple of 4. */
  readonly width: number;
}

/** Writes: packs a matrix in panels of columns, with zeros for missing columns; moves both addresses on. */
export function writePack(
  f: FunctionWriter,
  { terms, columns, termStep, columnStep, width }: PanelShape,
  from: Pointer,
  to: Pointer,
): void {
  const at = f.local("i32");
  const panel = (count: number): void => {
    f.set(at, from);
    /** One term. Columns that lie side by side are copied four at a time. */
    const term = (): void => {
      for (let j = 0; j < width;) {
        if (columnStep === 1 && j + 4 <= count) {
          f.store4(to, load4(at, j), j);
          j += 4;
        } else {
          f.store(to, j < count ? load(at, j * columnStep) : number(0), j);
          j++;
        }
      }
      f.advance(at, termStep);
      f.advance(to, width);
    };
    // Terms that lie side by side are copied in blocks of 4 × 4, which are transposed.
    const blocks = termStep === 1 && columnStep !== 1 && count === width ? Math.floor(terms / 4) : 0;
    f.times(blocks, () => {
      for (let j = 0; j < width; j += 4) {
        const rows = four((k) => load4(at, (j + k) * columnStep));
        transpose4(f, rows).forEach((column, k) => f.store4(to, column, k * width + j));
      }
      f.advance(at, 4);
      f.advance(to, 4 * width);
    });
    f.times(terms - 4 * blocks, term);
    f.set(from, plus(from, width * columnStep));
  };
  f.inParts(columns, width, panel);
}

/** Writes: packs `count` matrices that are `step` numbers apart, one behind the other; moves both addresses on. */
export function writePackAll(
  f: FunctionWriter,
  shape: PanelShape,
  { count, step }: { readonly count: number; readonly step: number },
  from: Pointer,
  to: Pointer,
): void {
  const at = f.local("i32");
  f.times(count, () => {
    f.set(at, from);
    writePack(f, shape, at, to);
    f.advance(from, step);
  });
}
