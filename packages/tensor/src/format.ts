import type { Shape, Values } from "@convlens/backend";

const number = (x: number): string => `${+x.toPrecision(4)}`;

/** Formats values as nested brackets, with long axes shortened: `[[1, 2], [3, 4]]`, or a plain `3` for a scalar. */
export function format(values: Values, shape: Shape, longest = 8): string {
  const show = (axis: number, start: number, step: number): string => {
    if (axis === shape.length) return number(values[start]!);
    const size = shape[axis]!;
    const inner = step / (size || 1);
    const shown = Array.from({ length: Math.min(size, longest) }, (_, i) => show(axis + 1, start + i * inner, inner));
    return `[${shown.join(", ")}${size > longest ? ", …" : ""}]`;
  };
  return show(0, 0, values.length);
}
