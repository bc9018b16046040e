import { drawLineChart, type LineChartOptions, type Series } from "@convlens/analysis/render";
import { Table } from "../../controls/Table.tsx";
import { Drawing } from "../../draw/Drawing.tsx";
import { percent } from "../../draw/shown.ts";
import { clamp } from "../../numbers.ts";
import { pointsOf, type ColumnName, type Columns } from "./columns.ts";
import { short } from "./model.ts";

interface CurvesProps {
  readonly first: Columns;
  readonly second: Columns | undefined;
  /** The step that is shown. */
  readonly at: number;
  /** Steps at which a setting changed. */
  readonly changes: readonly number[];
  readonly onPick: (step: number) => void;
}

/** Most points of a curve, and most rows of the table. */
const MOST = 150;
const ROWS = 20;
/** Steps of the horizontal axis at the beginning. */
const FEWEST_STEPS = 10;

/** A chart: a column of the training, and the same of the tests. */
interface Chart {
  readonly column: ColumnName;
  readonly test?: "loss" | "accuracy";
  readonly title: string;
  readonly label: string;
  /** Factor of all numbers. */
  readonly factor?: number;
  readonly options: LineChartOptions;
}

const logarithmic = { yScale: "log" } as const;
const charts: readonly Chart[] = [
  { column: "loss", test: "loss", title: "Loss, on a logarithmic scale", label: "Loss", options: logarithmic },
  {
    ...{ column: "accuracy", test: "accuracy", title: "Accuracy in percent", label: "Accuracy" },
    ...{ factor: 100, options: { low: 0, high: 100 } },
  },
  {
    ...{ column: "gradientNorm", title: "Norm of the gradient, on a logarithmic scale", label: "Norm of the gradient" },
    options: logarithmic,
  },
  {
    ...{ column: "updateRatio", title: "Update ratio (update over weights); about 0.001 is healthy" },
    ...{ label: "Update ratio", options: logarithmic },
  },
];

/** The lines of a chart: batches and tests of each net. */
function linesOf({ column, test, factor = 1 }: Chart, nets: readonly Columns[]): Series[] {
  return nets.flatMap((columns, i) => {
    const name = nets.length === 1 ? "" : `, ${["first", "second"][i]} net`;
    const batches = pointsOf(columns, MOST).map((point) => [point.step, factor * point[column]] as const);
    const tests = columns.tests.map((each) => [each.step, factor * each[test ?? "loss"]] as const);
    return [
      { name: `batches${name}`, points: batches },
      ...(test === undefined ? [] : [{ name: `tests${name}`, points: tests, marks: true }]),
    ];
  });
}

/** Loss, accuracy, gradient and updates over the steps, of one net or two. Pointing at a curve shows that step. */
export function Curves(props: CurvesProps) {
  const { first, second, at, changes, onPick } = props;
  const nets = second === undefined ? [first] : [first, second];
  const last = Math.max(...nets.map(({ step }) => step));
  const pick = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }): void => {
    const area = event.currentTarget.querySelector<SVGElement>("[data-from]");
    if (area === null || event.buttons === 0) return;
    const { left, width } = area.getBoundingClientRect();
    const [from, to] = [Number(area.dataset["from"]), Number(area.dataset["to"])];
    onPick(clamp(Math.round(from + ((event.clientX - left) / width) * (to - from)), 0, last));
  };
  return (
    <>
      <div class="plots">
        {charts.map((chart) => (
          <div class="plot" key={chart.label}>
            <p class="caption">
              <b>{chart.title}</b>
            </p>
            <Drawing
              draw={(width) =>
                drawLineChart(linesOf(chart, nets), {
                  ...chart.options,
                  ...{ width, height: 200, at, changes, xHigh: Math.max(FEWEST_STEPS, last) },
                  title: `${chart.label} after ${last} steps`,
                })
              }
              onPointer={pick}
            />
          </div>
        ))}
      </div>
      <CurvesTable first={first} second={second} />
    </>
  );
}

/** The curves as numbers. */
function CurvesTable({ first, second }: Pick<CurvesProps, "first" | "second">) {
  const others = second && pointsOf(second, ROWS);
  const rows = pointsOf(first, ROWS).map(({ step, loss, accuracy, gradientNorm, updateRatio }, i) => [
    ...[step, short(loss), percent(accuracy), short(gradientNorm), short(updateRatio)],
    ...(others ? [short(others[i]?.loss ?? NaN), percent(others[i]?.accuracy ?? NaN)] : []),
  ]);
  return (
    <details class="more">
      <summary>The curves as a table</summary>
      <Table
        class="numbers"
        label="The curves as a table"
        head={[
          ...["Up to step", "Loss", "Accuracy", "Gradient", "Update ratio"],
          ...(others ? ["Loss, second net", "Accuracy, second net"] : []),
        ]}
        rows={rows}
      />
    </details>
  );
}
