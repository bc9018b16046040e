// Measures Convlens on this machine: `pnpm bench`. README.md says what is measured, and how.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contest, introduced } from "./contest/contest.mjs";
import { goals } from "./goals.mjs";
import { machine } from "./machine/machine.mjs";
import { PeakWatch } from "./machine/peakWatch.mjs";
import { oneAndAll, readOptions } from "./options.mjs";
import { ours } from "./ours/contestants.mjs";
import { benchPlot } from "./report/benchPlot.mjs";
import { goalsTable } from "./report/goalsTable.mjs";
import { judge } from "./report/judge.mjs";
import { progress } from "./report/progress.mjs";
import { saveResults } from "./report/results.mjs";
import { singlesTable } from "./report/singlesTable.mjs";
import { worksTable } from "./report/worksTable.mjs";
import { singles } from "./singles/singles.mjs";
import { ourWorks } from "./works/ourWorks.mjs";
import { works } from "./works/works.mjs";

const options = readOptions("bench", { threads: oneAndAll, nodes: "this", out: "bench" });
const contestants = await introduced(ours(options));
const here = machine();
console.log(`${here.cpu}, ${here.cores} cores, Node ${here.node}, ${here.date}, load ${here.load.toFixed(2)}`);

const folder = mkdtempSync(join(tmpdir(), "convlens-bench-"));
const rows = [];
const watch = new PeakWatch(contestants, options.pace);
try {
  for (const work of [...works(), ...ourWorks()].filter(({ name }) => options.fits(name))) {
    const onStep = (step) => progress(work.name, step);
    await watch.look();
    const figures = await contest(contestants, work, { folder, pace: options.pace, check: false, onStep });
    rows.push({ work, figures: Object.fromEntries(contestants.map(({ id, name }) => [id, figures.get(name)])) });
  }
} finally {
  for (const contestant of contestants) contestant.end();
  rmSync(folder, { recursive: true, force: true });
}
for (const { work, figures } of rows)
  for (const { id } of contestants)
    if (figures[id].median !== undefined) figures[id].share = watch.share(id, work, figures[id]);

const single = {};
for (const [name, { ofAll, measure }] of Object.entries(singles).filter(([name]) => options.fits(name)))
  for (const contestant of ofAll ? [{ id: "" }] : contestants) {
    progress(name, contestant.name);
    single[contestant.id] = { ...single[contestant.id], [name]: measure(contestant, options) };
  }
progress();

for (const { figures, work } of rows)
  for (const { id, name } of contestants)
    if (figures[id].failed !== undefined) {
      console.error(`FAILED ${work.name}, ${name}: ${figures[id].failed}`);
      process.exitCode = 1;
    }
const judged = judge(goals, rows, single);
const parts = [
  ...(rows.length > 0 ? [watch.says(), worksTable(rows, contestants)] : []),
  singlesTable(single, contestants),
  `${goalsTable(judged)}${options.isQuick ? " (a quick look: nothing to go by)" : ""}`,
];
console.log(`\n${parts.filter((part) => part !== "").join("\n\n")}\n`);

const results = {
  command: ["pnpm bench", ...process.argv.slice(2)].join(" "),
  machine: here,
  peak: watch.peaks,
  contestants: contestants.map(({ id, name, threads, about, options }) => ({ id, name, threads, about, options })),
  works: rows.map(({ work: { name, title, flop, images }, figures }) => ({ name, title, flop, images, figures })),
  singles: single,
  goals: judged,
};
saveResults(options.out, results, benchPlot(results));
