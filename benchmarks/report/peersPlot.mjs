// Plot of the speed of each library relative to Convlens.
import { milliseconds } from "./format.mjs";
import { dotPlot } from "./dotPlot.mjs";

/** @param results - Content of the file of results. */
export function peersPlot({ machine, contestants, works }) {
  const [first] = contestants;
  const rows = works
    .filter(({ figures }) => figures[first.id]?.median !== undefined)
    .map(({ title, figures }) => ({
      label: title,
      note: `${milliseconds(figures[first.id].median)} ms`,
      marks: contestants
        .filter(({ id }) => figures[id]?.median !== undefined)
        .map(({ id, name }) => ({
          series: name,
          x: figures[first.id].median / figures[id].median,
          says: `${name}: ${milliseconds(figures[id].median)} ms`,
        })),
    }));
  return dotPlot({
    title: "convlens beside others",
    subtitle: `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date.slice(0, 10)}; right: ms of ${first.name}`,
    series: contestants.map(({ name }) => name),
    panels: [
      {
        title: `How many times as fast as ${first.name}: to the right of 1 faster, to the left slower`,
        xLabel: "times as fast, logarithmic",
        isLog: true,
        rows,
        lines: [{ x: 1, label: first.name }],
      },
    ],
  });
}
