import { ShapeError, ValueError } from "@convlens/backend";
import type { Matrix } from "./codes.ts";

/** Refuses a matrix with a wrong number of values or values that are not finite. */
export function checkMatrix(operation: string, { rows, columns, values }: Matrix): void {
  if (values.length !== rows * columns)
    throw new ShapeError(
      `${operation}: ${rows} points of ${columns} numbers are ${rows * columns}, got ${values.length}`,
      {
        operation,
        expected: rows * columns,
        got: values.length,
      },
    );
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new ValueError(
      `${operation}: expected finite numbers, got ${values[at]} in row ${Math.floor(at / columns)}; leave that point out`,
      { operation, axis: "rows", expected: "finite numbers", got: values[at] },
    );
}
