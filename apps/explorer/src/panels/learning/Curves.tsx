import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { Columns, ColumnName } from "./columns.ts";
import { pointsOf } from "./columns.ts";
import { percent, short } from "./model.ts";
import { Plot, type Line } from "./Plot.tsx";

/** What {@link Curves} show. */
export interface CurvesProps {
  readonly first: Columns;
  readonly second: Columns | undefined;
  /** Grows with each change of the columns. */
  readonly version: number;
  readonly at: number;
  readonly changes: readonly number[];
  readonly onPick: (step: number) => void;
}

const MOST = 150;
const ROWS = 20;
const DASH = [6, 4];

/** Of one net a line for its batches and one for its tests; the second net's are dashed. */
const linesOf = (hasTests: boolean, hasSecond: boolean): Line[] =>
  ["first", ...(hasSecond ? ["second"] : [])].flatMap((net) => {
    const look = net === "first" ? {} : { dash: DASH };
    const name = hasSecond ? `, ${net} net` : "";
    return [
      { name: `batches${name}`, colour: net === "first" ? "--input" : "--positive", ...look },
      ...(hasTests
        ? [{ name: `tests${name}`, colour: net === "first" ? "--map" : "--gradient", dots: true, ...look }]
        : []),
    ];
  });

type Tables = readonly uPlot.AlignedData[];

/** Tables for each net. */
function tablesOf(nets: readonly Columns[], name: ColumnName, test: "loss" | "accuracy" | undefined): Tables {
  return nets.flatMap((columns): uPlot.AlignedData[] => {
    const { steps, values } = pointsOf(columns, MOST);
    const tests = columns.tests;
    return [
      [steps, values[name]],
      ...(test === undefined
        ? []
        : [[tests.map(({ step }) => step), tests.map((each) => each[test])] as uPlot.AlignedData]),
    ];
  });
}

/** Loss, accuracy, gradients and updates over the steps, of one net or of two. */
export function Curves({ first, second, version, at, changes, onPick }: CurvesProps): JSX.Element {
  const nets = second === undefined ? [first] : [first, second];
  const [loss, accuracy, gradients, updates] = useMemo<[Tables, Tables, Tables, Tables]>(
    () => [
      tablesOf(nets, "loss", "loss"),
      tablesOf(nets, "accuracy", "accuracy"),
      tablesOf(nets, "gradientNorm", undefined),
      tablesOf(nets, "updateRatio", undefined),
    ],
    [version, nets.length],
  );
  const last = Math.max(first.step, second?.step ?? 0);
  const shared = { at, changes, last, onPick };
  const test = first.testAt(last);
  const withTests = linesOf(true, second !== undefined);
  const without = linesOf(false, second !== undefined);
  return (
    <>
      <div class="plots">
        <Plot
          {...shared}
          title="Loss, on a logarithmic scale"
          label={`Loss after ${last} steps: ${short(first.mean("loss", last))} on batches, ${short(test?.loss ?? NaN)} on tests`}
          lines={withTests}
          tables={loss}
          isLogarithmic
          print={short}
        />
        <Plot
          {...shared}
          title="Accuracy"
          label={`Accuracy after ${last} steps: ${percent(first.mean("accuracy", last))} on batches, ${percent(test?.accuracy ?? NaN)} on tests`}
          lines={withTests}
          tables={accuracy}
          range={[0, 1]}
          print={(value) => `${Math.round(100 * value)} %`}
        />
        <Plot
          {...shared}
          title="Length of the gradient, on a logarithmic scale"
          label={`Length of the gradient after ${last} steps: ${short(first.mean("gradientNorm", last))}`}
          lines={without}
          tables={gradients}
          isLogarithmic
          print={short}
        />
        <Plot
          {...shared}
          title="Update over weights, where about 0.001 is healthy"
          label={`Update over weights after ${last} steps: ${short(first.mean("updateRatio", last))}`}
          lines={without}
          tables={updates}
          isLogarithmic
          print={short}
        />
      </div>
      <ul class="lines">
        {withTests.map(({ name, colour, dash, dots }) => (
          <li key={name}>
            <svg width="36" height="12" aria-hidden="true">
              <line
                x1="0"
                x2="36"
                y1="6"
                y2="6"
                stroke={`var(${colour})`}
                stroke-width={dots ? 1 : 2}
                stroke-dasharray={dash?.join(" ")}
              />
              {dots && <circle cx="18" cy="6" r="4" fill={`var(${colour})`} />}
            </svg>
            {name}
          </li>
        ))}
      </ul>
      <Table first={first} second={second} />
    </>
  );
}

/** The curves as numbers. */
function Table({ first, second }: Pick<CurvesProps, "first" | "second">): JSX.Element {
  const points = pointsOf(first, ROWS);
  const other = second && pointsOf(second, ROWS);
  return (
    <details class="more">
      <summary>The curves as a table</summary>
      <div class="wide" tabIndex={0} role="region" aria-label="The curves as a table">
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Up to step</th>
              <th scope="col">Loss</th>
              <th scope="col">Accuracy</th>
              <th scope="col">Gradient</th>
              <th scope="col">Update</th>
              {other && <th scope="col">Loss, second net</th>}
              {other && <th scope="col">Accuracy, second net</th>}
            </tr>
          </thead>
          <tbody>
            {points.steps.map((step, i) => (
              <tr key={step}>
                <th scope="row">{step}</th>
                <td>{short(points.values.loss[i]!)}</td>
                <td>{percent(points.values.accuracy[i]!)}</td>
                <td>{short(points.values.gradientNorm[i]!)}</td>
                <td>{short(points.values.updateRatio[i]!)}</td>
                {other && <td>{short(other.values.loss[i] ?? NaN)}</td>}
                {other && <td>{percent(other.values.accuracy[i] ?? NaN)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
