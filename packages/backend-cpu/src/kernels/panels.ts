import { load, load4, number, plus, type Pointer } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { transpose4, four } from "./transpose4.ts";

/** Columns of a packed panel. */
export const PANEL = 8;

/** Numbers that {@link writePack} writes for a matrix. */
export const panelLength = (terms: number, columns: number): number => Math.ceil(columns / PANEL) * PANEL * terms;

/** A matrix [terms, columns] anywhere in the memory. */
export interface PanelShape {
  readonly terms: number;
  readonly columns: number;
  /** Distance between terms. */
  readonly termStep: number;
  /** Distance between columns. */
  readonly columnStep: number;
}

/** Writes: packs a matrix in panels of eight columns, with zeros for missing columns; moves both addresses on. */
export function writePack(
  f: FunctionWriter,
  { terms, columns, termStep, columnStep }: PanelShape,
  from: Pointer,
  to: Pointer,
): void {
  const at = f.local("i32");
  const panel = (count: number): void => {
    f.set(at, from);
    /** One term. Columns that lie side by side are copied four at a time. */
    const term = (): void => {
      for (let j = 0; j < PANEL;) {
        if (columnStep === 1 && j + 4 <= count) {
          f.store4(to, load4(at, j), j);
          j += 4;
        } else {
          f.store(to, j < count ? load(at, j * columnStep) : number(0), j);
          j++;
        }
      }
      f.advance(at, termStep);
      f.advance(to, PANEL);
    };
    // Terms that lie side by side are copied in blocks of 4 × 4, which are transposed.
    const blocks = termStep === 1 && columnStep !== 1 && count === PANEL ? Math.floor(terms / 4) : 0;
    f.times(blocks, () => {
      for (let j = 0; j < PANEL; j += 4) {
        const rows = four((k) => load4(at, (j + k) * columnStep));
        transpose4(f, rows).forEach((column, k) => f.store4(to, column, k * PANEL + j));
      }
      f.advance(at, 4);
      f.advance(to, 4 * PANEL);
    });
    f.times(terms - 4 * blocks, term);
    f.set(from, plus(from, PANEL * columnStep));
  };
  f.inParts(columns, PANEL, panel);
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
