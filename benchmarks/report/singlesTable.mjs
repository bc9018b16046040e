// Table of single measurements.
import { digits, table } from "./format.mjs";

const kib = (bytes) => `${digits(bytes / 1024)} KiB`;
const percent = (share) => `${digits(100 * share)} %`;
const lines = {
  recording: [
    ["recording an operation", ({ operation }) => `${digits(operation)} µs`],
    ["gradients, for each recorded operation", ({ gradient }) => `${digits(gradient)} µs`],
    ["a compiled step of LeNet where nothing is computed", ({ compiledCall }) => `${digits(compiledCall)} µs`],
  ],
  bundle: [
    ["a page that trains LeNet, minified", ({ minified }) => `${digits(minified)} B`],
    ["the same, gzipped", ({ gzipped }) => `${digits(gzipped)} B`],
  ],
  "call-cost": [
    ["a compiled call with one kernel that computes nothing", ({ empty }) => `${digits(empty)} µs`],
    ["each further kernel", ({ perKernel }) => `${digits(perKernel)} µs`],
    ["kernels of a step that trains LeNet", ({ kernels }) => `${kernels}`],
    ["such a step beyond its kernels", ({ lenetStep }) => `${digits(lenetStep)} µs`],
  ],
  tapping: [
    ["LeNet-5, 64 images: an answer, CPU time", ({ answer }) => `${digits(1000 * answer)} ms`],
    ["more, to copy out what one layer made", ({ one }) => percent(one)],
    ["more, to copy out all twelve", ({ all }) => percent(all)],
    ["these copies alone, into new arrays", ({ fresh }) => percent(fresh)],
    ["these copies alone, into arrays that are there", ({ again }) => percent(again)],
    ["more, to keep all twelve in memory", ({ kept }) => percent(kept)],
    ["more, to write as many numbers as there are before ReLU, and read nothing", ({ written }) => percent(written)],
    ["more, to keep the seven behind activation functions", ({ few }) => percent(few)],
    ["more, to keep those and read one", ({ read }) => percent(read)],
  ],
  updates: [
    ["LeNet-5, one image: a step with Adam, CPU time", ({ step }) => `${digits(step)} µs`],
    ["updates of its ten parameters", ({ apart }) => `${digits(apart)} µs`],
    ["the same, if all were one parameter", ({ joined }) => `${digits(joined)} µs`],
  ],
  "first-call": [
    ["VGG-small: until the first step is learned", ({ first }) => `${digits(first)} ms`],
    ["of it recording, planning, preparing", ({ prepared }) => `${digits(prepared)} ms`],
    ["CPU time of that", ({ preparedCpu }) => `${digits(preparedCpu)} ms`],
    ["a later step", ({ steady }) => `${digits(steady)} ms`],
    ["the first one's excess", ({ beyond }) => `${digits(beyond)} ms`],
    ["the last slow step", ({ lastSlow }) => `${lastSlow}`],
  ],
  start: [
    ["an empty Node", ({ emptyNode }) => `${digits(emptyNode)} ms`],
    ["Node, import, backend, first convolution", ({ start }) => `${digits(start)} ms`],
  ],
  memory: [
    ["steps", ({ steps }) => digits(steps)],
    ["heap at a tenth → at the end", ({ before, after }) => `${kib(before.heap)} → ${kib(after.heap)}`],
    ["held by the backend", ({ before, after }) => `${kib(before.backend)} → ${kib(after.backend)}`],
    ["garbage of a step", ({ garbage }) => `${digits(garbage)} B`],
    ["planned for a step, of what it would be", ({ planned }) => `${kib(planned.peak)} of ${kib(planned.sum)}`],
  ],
};

/** @param singles - By id of the contestant (`""`: of no contestant), then by name. */
export function singlesTable(singles, contestants) {
  const columns = contestants.filter(({ id }) => singles[id] !== undefined);
  const rows = Object.entries(lines).flatMap(([name, said]) =>
    said.flatMap(([what, show]) => {
      if (singles[""]?.[name] !== undefined) return [[what, show(singles[""][name])]];
      if (!columns.some(({ id }) => singles[id][name] !== undefined)) return [];
      return [[what, ...columns.map(({ id }) => show(singles[id][name]))]];
    }),
  );
  return rows.length === 0 ? "" : table(["", ...(columns.length > 0 ? columns.map(({ name }) => name) : [""])], rows);
}
