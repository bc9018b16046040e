// Formats numbers.

/** Three digits, without needless zeros. */
export function digits(x) {
  if (!Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size >= 1000) return Math.round(x).toLocaleString("en");
  return size >= 100
    ? x.toFixed(0)
    : size >= 10
      ? x.toFixed(1)
      : size >= 1
        ? x.toFixed(2)
        : x === 0
          ? "0"
          : `${+x.toPrecision(3)}`;
}
export const milliseconds = (seconds) => digits(1000 * seconds);
export const percent = (x) => (x === undefined ? "" : `${(100 * x).toFixed(0)} %`);

/** Rate of a workload: images, FLOP, or bytes read and written, per second. */
export function rateOf({ images, flop }, { median, bytes }) {
  if (images !== undefined) return { value: images / median, text: `${digits(images / median)} images/s` };
  if (flop !== undefined) return { value: flop / median, text: `${digits(flop / median / 1e9)} GFLOP/s` };
  return { value: bytes / median, text: `${digits(bytes / median / 1e9)} GB/s` };
}

/** Table for a terminal: the first `left` columns are aligned to the left, the others to the right. */
export function table(head, rows, left = 1) {
  const all = [head, ...rows].map((row) => head.map((_, column) => `${row[column] ?? ""}`));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    widths
      .map((width, column) => (column < left ? row[column].padEnd(width) : row[column].padStart(width)))
      .join("  ")
      .trimEnd();
  return [line(all[0]), widths.map((width) => "─".repeat(width)).join("  "), ...all.slice(1).map(line)].join("\n");
}
