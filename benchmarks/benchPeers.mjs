// Measures Convlens and other libraries in turns, with the same inputs and weights, and compares their results:
// `pnpm bench:peers`. README.md says what is measured, and how.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contest, introduced } from "./contest/contest.mjs";
import { tolerances } from "./contest/difference.mjs";
import { goals } from "./goals.mjs";
import { machine } from "./machine/machine.mjs";
import { PeakWatch } from "./machine/peakWatch.mjs";
import { readOptions } from "./options.mjs";
import { ours } from "./ours/contestants.mjs";
import { install, peers } from "./peers/contestants.mjs";
import { digits, milliseconds, table } from "./report/format.mjs";
import { goalsTable } from "./report/goalsTable.mjs";
import { judge } from "./report/judge.mjs";
import { peersPlot } from "./report/peersPlot.mjs";
import { progress } from "./report/progress.mjs";
import { saveResults } from "./report/results.mjs";
import { works } from "./works/works.mjs";

const options = readOptions("bench:peers", { threads: "1", nodes: "this", out: "peers" });
install();
const here = machine();
console.log(`${here.cpu}, ${here.cores} cores, Node ${here.node}, ${here.date}, load ${here.load.toFixed(2)}`);
const own = ours(options);
const contestants = await introduced([...own, ...peers(options.threads)]);

const folder = mkdtempSync(join(tmpdir(), "convlens-bench-"));
const rows = [];
const watch = new PeakWatch(own, options.pace);
try {
  for (const work of works().filter(({ name }) => options.fits(name))) {
    const onStep = (step) => progress(work.name, step);
    await watch.look();
    const figures = await contest(contestants, work, { folder, pace: options.pace, check: true, onStep });
    rows.push({ work, figures: Object.fromEntries(contestants.map(({ id, name }) => [id, figures.get(name)])) });
    rmSync(join(folder, work.name), { recursive: true, force: true });
  }
} finally {
  for (const contestant of contestants) contestant.end();
  rmSync(folder, { recursive: true, force: true });
}
progress();

const [first] = contestants;
const cell = (figure, figures) => {
  if (figure.median === undefined) return figure.failed === undefined ? "–" : "FAILED";
  const ratio = figure.median / figures[first.id].median;
  return `${milliseconds(figure.median)} (${digits(ratio)})${figure.agrees === false ? " WRONG" : ""}`;
};
console.log(`\n${watch.says()}\n`);
for (const { id, name, about } of contestants)
  console.log(`${id.padEnd(14)} ${name}, ${about.version}${about.warning === undefined ? "" : `: ${about.warning}`}`);
console.log(`\nms for a call (and how many times the time of ${first.id})\n`);
console.log(
  table(
    ["", ...contestants.map(({ id }) => id)],
    rows.map(({ work, figures }) => [work.name, ...contestants.map(({ id }) => cell(figures[id], figures))]),
  ),
);
console.log(`\ngreatest difference from ${first.id}, as a share of the greatest number\n`);
console.log(
  table(
    ["", "allowed", ...contestants.slice(1).map(({ id }) => id)],
    rows.map(({ work, figures }) => [
      work.name,
      tolerances[work.kind].toExponential(0),
      ...contestants.slice(1).map(({ id }) => figures[id].difference?.toExponential(1) ?? "–"),
    ]),
  ),
);
const absences = new Map();
for (const { work, figures } of rows)
  for (const { id, name } of contestants) {
    const { absent, failed, agrees, difference } = figures[id];
    if (absent !== undefined)
      absences.set(`${name}: ${absent}`, [...(absences.get(`${name}: ${absent}`) ?? []), work.name]);
    if (failed !== undefined) console.error(`FAILED ${work.name}, ${failed}`);
    if (agrees === false)
      console.error(`WRONG ${work.name}: ${name} differs by ${difference}, more than ${tolerances[work.kind]}`);
    if (failed !== undefined || agrees === false) process.exitCode = 1;
  }
if (absences.size > 0) console.log("");
for (const [why, names] of absences) console.log(`– ${why} (${names.join(", ")})`);
// Goals are not compared with a library that runs with a handicap.
const handicapped = new Set(contestants.filter(({ about }) => about.warning !== undefined).map(({ id }) => id));
for (const id of handicapped) console.log(`– no goal is judged by ${id}, which has a handicap (above)`);
const fair = rows.map(({ work, figures }) => ({
  work,
  figures: Object.fromEntries(Object.entries(figures).filter(([id]) => !handicapped.has(id))),
}));
const judged = judge(goals, fair);
console.log(`\n${goalsTable(judged)}${options.isQuick ? " (a quick look: nothing to go by)" : ""}\n`);

const results = {
  command: ["pnpm bench:peers", ...process.argv.slice(2)].join(" "),
  machine: here,
  peak: watch.peaks,
  contestants: contestants.map(({ id, name, threads, about }) => ({ id, name, threads, about })),
  works: rows.map(({ work: { name, title, flop, images }, figures }) => ({ name, title, flop, images, figures })),
  goals: judged,
};
saveResults(options.out, results, peersPlot(results));
