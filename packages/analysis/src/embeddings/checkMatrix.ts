import { ShapeError, ValueError } from "@convlens/backend";
import type { Matrix } from "./codes.ts";

/** Refuses a matrix with a wrong number of values or values that are not finite. */
export function checkMatrix(operation: string, { rows, columns, values }: Matrix): void {
  if (values.length !== rows * columns)
    throw new ShapeError({
      operation,
      expected: `${rows * columns} values for ${rows} points of ${columns} numbers`,
      got: values.length,
    });
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new ValueError({
      operation,
      what: `row ${Math.floor(at / columns)}`,
      expected: "finite",
      got: values[at],
      fix: "leave that point out",
    });
}
