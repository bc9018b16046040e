// Table of the goals, and whether they are met.
import { digits, percent, table } from "./format.mjs";

const units = { rate: 1e9 };
const shown = (what, value) => (what === "share" ? percent(value) : digits(value / (units[what] ?? 1)));

/** A row for each goal that was measured. */
export function goalsTable(judged) {
  const rows = judged.map(({ says, what, value, least, most, work, isMet }) => [
    says,
    shown(what, value),
    `${least === undefined ? "≤" : "≥"} ${shown(what, least ?? most)}`,
    isMet ? "met" : "NOT MET",
    work,
  ]);
  const met = judged.filter(({ isMet }) => isMet).length;
  return `${table(["goal", "measured", "wanted", "", "worst of its works"], rows)}\n\n${met} of ${judged.length} goals met`;
}
