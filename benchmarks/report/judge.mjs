// Decides which goals are met.

/** The figure that a goal is about for a workload; undefined if it was not measured. */
const measures = {
  share: (figure) => figure.share,
  rate: (figure, { work }) => work.flop / figure.median,
  images: (figure, { work }) => work.images / figure.median,
  // The fastest of several ways to use a library.
  speedup: (figure, { row, goal }) =>
    Math.min(...goal.against.map((id) => row.figures[id]?.median ?? Infinity)) / figure.median,
  times: (figure, { row, goal, rows }) => {
    const plain = rows.find(({ work }) => work.name === row.work.name.slice(0, -goal.suffix.length));
    return figure.median / plain?.figures[goal.who]?.median;
  },
};

/**
 * For each goal that was measured: the worst value of all its workloads, and whether it is met.
 *
 * @param rows - `work`, and `figures` by id of the contestant.
 * @param singles - By id of the contestant, then by name; those of no contestant under `""`.
 */
export function judge(goals, rows, singles = {}) {
  const judged = [];
  for (const goal of goals) {
    const { least, most, who } = goal;
    const values =
      goal.what === "single"
        ? [{ name: goal.single, value: (singles[who]?.[goal.single] ?? singles[""]?.[goal.single])?.[goal.field] }]
        : rows
            .filter(({ work }) => goal.works.test(work.name))
            .map((row) => ({ row, figure: row.figures[who] }))
            // A library whose result is wrong is not compared.
            .filter(({ figure }) => figure?.median !== undefined && figure.agrees !== false)
            .map(({ row, figure }) => ({
              name: row.work.name,
              value: measures[goal.what](figure, { row, work: row.work, goal, rows }),
            }));
    const known = values.filter(({ value }) => Number.isFinite(value));
    if (known.length === 0) continue;
    known.sort((a, b) => (least === undefined ? b.value - a.value : a.value - b.value));
    const [worst] = known;
    const isMet = least === undefined ? worst.value <= most : worst.value >= least;
    judged.push({ says: goal.says, who, what: goal.what, work: worst.name, value: worst.value, least, most, isMet });
  }
  return judged;
}
