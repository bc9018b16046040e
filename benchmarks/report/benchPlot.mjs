// Figures of Convlens as a plot: GFLOP/s of kernels with the peak, images per second of networks.
import { milliseconds, rateOf } from "./format.mjs";
import { dotPlot } from "./dotPlot.mjs";

/** @param results - Content of the file of results. */
export function benchPlot({ machine, contestants, works, peak }) {
  const rowsOf = (chosen, scale) =>
    chosen.map((work) => ({
      label: work.title,
      note: milliseconds(work.figures[contestants[0].id]?.median) + " ms",
      marks: contestants
        .filter(({ id }) => work.figures[id]?.median !== undefined)
        .map(({ id, name }) => ({
          series: name,
          x: rateOf(work, work.figures[id]).value / scale,
          says: `${name}: ${milliseconds(work.figures[id].median)} ms, ${rateOf(work, work.figures[id]).text}`,
        })),
    }));
  const lines = (works.length === 0 ? [] : contestants).map(({ id, name }) => ({
    x: peak[id].multiplyAdd / 1e9,
    label: `peak, ${name.replace("convlens, ", "")}`,
  }));
  const kernels = works.filter(({ flop, images }) => flop !== undefined && images === undefined);
  return dotPlot({
    title: "convlens: kernels and nets",
    subtitle: `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date.slice(0, 10)}; ms: ${contestants[0].name}`,
    series: contestants.map(({ name }) => name),
    panels: [
      {
        title: "Kernels, counted as the direct algorithm (Winograd's may pass the peak)",
        xLabel: "GFLOP/s",
        rows: rowsOf(kernels, 1e9),
        lines: lines.filter(({ x }, i) => lines.findIndex((other) => Math.abs(other.x / x - 1) < 0.1) === i),
      },
      {
        title: "Nets",
        xLabel: "images/s, logarithmic",
        isLog: true,
        rows: rowsOf(
          works.filter(({ images }) => images !== undefined),
          1,
        ),
      },
    ],
  });
}
