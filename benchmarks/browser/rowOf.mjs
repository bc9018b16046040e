// A row of the table.
import { digits, milliseconds } from "../report/format.mjs";

/** A workload, and the times of all contestants. */
export function rowOf({ name, title, figures }, ids) {
  const first = figures[ids[0]]?.median;
  const cells = ids.map((id) => {
    const { median, failed, agrees } = figures[id] ?? {};
    if (median === undefined) return failed === undefined ? "–" : "FAILED";
    const share = id === ids[0] || first === undefined ? "" : ` (${digits(first / median)})`;
    return `${milliseconds(median)}${share}${agrees === false ? " WRONG" : ""}`;
  });
  return [name, ...cells, title];
}
