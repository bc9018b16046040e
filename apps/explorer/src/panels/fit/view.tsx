import { Code } from "../../controls/Code.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { counted } from "../../draw/shown.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import {
  begins,
  cellsOf,
  codeOf,
  fitFields,
  fitNames,
  fitOf,
  fixesOf,
  formulaOf,
  whyNot,
  type FitName,
  type FitState,
} from "./model.ts";

/** The line of cells, with a window at each of its positions. */
export function FitView(props: PanelProps<typeof fitFields>) {
  const { state, slider } = props;
  const { fits, output } = fitOf(state);
  return (
    <>
      <div class="controls">
        {(Object.keys(fitFields) as FitName[]).map((name) => slider(name, `${name}, ${fitNames[name]}`))}
      </div>
      <p class={`fit-formula ${fits ? "fits" : ""}`}>
        <span>{formulaOf(state)}</span> <strong>{fits ? "fits ✓" : "does not fit ✗"}</strong>
      </p>
      <div class="wide" tabIndex={0} role="group" aria-label="Line of cells">
        <Line state={state} />
      </div>
      <Notice
        role="note"
        text={whyNot(state)}
        lead="Changes that fix it:"
        fixes={fixesOf(state).map(({ text, change }) => ({ text, onClick: () => props.set(change) }))}
      />
      <p class="readout" role="status">
        {output === 0
          ? "No window fits, so there is no output."
          : `${counted(output, "window fits", "windows fit")}, so the output has ${counted(output, "number")}.`}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** Height of a cell, and of a row of windows. */
const CELL = 30;
const ROW = 13;
/** Most rows of windows. */
const MOST_ROWS = 8;

function Line({ state }: { readonly state: FitState }) {
  const cells = cellsOf(state);
  const { F, S } = state;
  // Wide enough to be read, if there are few of them.
  const width = Math.max(4, Math.min(44, Math.floor(1040 / cells.length)));
  const rows = Math.min(MOST_ROWS, Math.ceil(F / S) + (F % S === 0 ? 1 : 0));
  const isSmall = width < 16;
  const windows = begins(state);
  return (
    <svg
      class="fit-line"
      viewBox={`0 -4 ${cells.length * width + 2} ${CELL + 12 + rows * ROW}`}
      width={cells.length * width + 2}
      role="img"
      aria-label={`${cells.length} cells, ${windows.length} windows; ${cells.filter(({ isDropped }) => isDropped).length} cells are not used`}
    >
      <pattern id="fit-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line x1="0" x2="0" y1="0" y2="6" />
      </pattern>
      {cells.map(({ isPadding, isDropped }, i) => (
        <g key={i} class={`${isPadding ? "padding" : "cell-of"} ${isDropped ? "dropped" : ""}`}>
          <rect x={1 + i * width} y="0" width={width} height={CELL} />
          {isDropped && <rect class="hatch" x={1 + i * width} y="0" width={width} height={CELL} />}
          {!isSmall && (
            <text x={1 + (i + 0.5) * width} y={CELL / 2} dy="0.35em" text-anchor="middle">
              {isPadding ? 0 : i - state.P + 1}
            </text>
          )}
        </g>
      ))}
      {windows.map((start, i) => {
        const y = CELL + 10 + (i % rows) * ROW;
        const [from, to] = [1 + start * width + 1.5, 1 + (start + F) * width - 1.5];
        return <path key={start} class="window" d={`M${from},${y - 5}V${y}H${to}V${y - 5}`} />;
      })}
    </svg>
  );
}
