import { booleanOption, checkOptions, nearest, ValueError, type OptionChecks } from "@convlens/backend";
import { ByteReader, type ByteSource } from "./bytes.ts";
import type { Numbers } from "./example.ts";

/** Options of {@link readCsv}. */
export interface CsvOptions {
  /** One character between two cells. Default: `","`. */
  readonly delimiter?: string;
  /** Whether the first row holds the names of the columns. Default: `true`; otherwise names are `"0"`, `"1"`, … */
  readonly header?: boolean;
}

/** A table of text cells, whose columns become numbers or classes. */
export interface Table {
  /** Names of the columns. */
  readonly names: readonly string[];
  /** Number of rows, without the header. */
  readonly size: number;
  /**
   * Returns columns as numbers `[rows, columns]`.
   *
   * @param columns - Default: all.
   * @throws `ValueError` for a cell that is not a finite number, or a column that does not exist.
   */
  numbers(...columns: string[]): Numbers;
  /**
   * Returns a column of names as classes, in alphabetical order, and the index of each row's class.
   *
   * @throws `ValueError` for an empty cell, or a column that does not exist.
   */
  classes(column: string): { readonly labels: Int32Array; readonly classes: readonly string[] };
}

const operation = "CSV file";
const checks: OptionChecks<CsvOptions> = {
  delimiter: (x) =>
    typeof x === "string" && x.length === 1 && !'\r\n"'.includes(x) ? undefined : 'one character, such as "," or ";"',
  header: booleanOption,
};

/** Largest size of a file, in bytes; each cell becomes a text. */
const MOST_BYTES = 2 ** 28;
const LINE_ENDS = ["\r\n", "\n", "\r"];
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * Reads a table from a CSV file in UTF-8, gzipped or not. Cells may be quoted; spaces around them and empty lines are skipped.
 *
 * @throws `ValueError` for a file of another kind, without rows, with rows of different lengths, or larger than 256 MiB.
 *
 * @example
 * ```ts
 * const table = await readCsv(new Blob(["length,width,kind\n1.4,0.2,setosa\n4.7,1.4,versicolor\n"]));
 * const flowers = classification({ inputs: table.numbers("length", "width"), ...table.classes("kind") });
 * flowers.classes; // ["setosa", "versicolor"]
 * ```
 */
export async function readCsv(source: ByteSource, options: CsvOptions = {}): Promise<Table> {
  checkOptions("readCsv", options, checks);
  const { delimiter = ",", header = true } = options;
  const bytes = await ByteReader.read(operation, source, (reader) => reader.takeUpTo(MOST_BYTES + 1));
  if (bytes.length > MOST_BYTES)
    throw new ValueError({
      operation,
      problem: `it has more than ${MOST_BYTES} bytes`,
      fix: "read it in parts with fromStream",
    });
  // Loaded with the first table.
  const { parse } = await import("csv-parse/browser/esm/sync");
  let rows: string[][];
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    rows = parse(text, { delimiter, bom: true, trim: true, skip_empty_lines: true, record_delimiter: LINE_ENDS });
  } catch (cause) {
    throw new ValueError({ operation, problem: (cause as Error).message, fix: "correct that line", cause });
  }
  const names = header ? rows.shift() : rows[0]?.map((_, i) => `${i}`);
  if (names === undefined || rows.length === 0) throw new ValueError({ operation, problem: "it has no rows" });
  if (header && names.every((name) => NUMBER.test(name)))
    throw new ValueError({ operation, problem: "its first row holds numbers, not names", fix: "pass header: false" });
  const double = names.find((name, i) => names.indexOf(name) !== i);
  if (double !== undefined)
    throw new ValueError({ operation, problem: `two columns are named ${JSON.stringify(double)}`, fix: "rename one" });
  return tableOf(names, rows, header ? 2 : 1);
}

/** @param firstRow - Number of the first row in messages. */
function tableOf(names: readonly string[], rows: readonly (readonly string[])[], firstRow: number): Table {
  const columnOf = (name: string): number => {
    const column = names.indexOf(name);
    if (column >= 0) return column;
    const hint = nearest(name, names);
    throw new ValueError({
      operation,
      problem: `it has no column ${JSON.stringify(name)}`,
      fix: `${hint === undefined ? "" : `did you mean ${JSON.stringify(hint)}? `}Columns are ${names.join(", ")}`,
    });
  };
  const wrongCell = (row: number, column: number, expected: string): ValueError =>
    new ValueError({
      operation,
      what: `row ${row + firstRow} of ${JSON.stringify(names[column])}`,
      expected,
      got: rows[row]![column],
      fix: "correct it, or leave the row out",
    });
  return {
    names,
    size: rows.length,
    numbers(...columns) {
      const chosen = columns.length === 0 ? names.map((_, i) => i) : columns.map(columnOf);
      const values = new Float64Array(rows.length * chosen.length);
      let at = 0;
      for (const [i, row] of rows.entries())
        for (const column of chosen) {
          const value = NUMBER.test(row[column]!) ? Number(row[column]) : NaN;
          if (!Number.isFinite(value)) throw wrongCell(i, column, "a finite number");
          values[at++] = value;
        }
      return { values, shape: [rows.length, chosen.length] };
    },
    classes(name) {
      const column = columnOf(name);
      const empty = rows.findIndex((row) => row[column] === "");
      if (empty >= 0) throw wrongCell(empty, column, "the name of a class");
      const classes = [...new Set(rows.map((row) => row[column]!))].toSorted((a, b) => (a < b ? -1 : 1));
      const labelOf = new Map(classes.map((text, label) => [text, label]));
      return { labels: Int32Array.from(rows, (row) => labelOf.get(row[column]!)!), classes };
    },
  };
}
