import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useAnswer } from "../../compute/compute.ts";
import type { MatricesAnswer } from "../../compute/matrices.ts";
import type { Place } from "../../controls/Matrix.tsx";
import { Legend, Picture } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../panel.ts";
import { filterEntry, mapEntry, toeplitzEntry, windowEntry } from "./entries.ts";
import type { Pointed } from "./grids.tsx";
import { conv2dFields, depthOf, fitOf, requestOf, stepOf, type Cell, type Conv2dState } from "./model.ts";
import { outputAt, stepOfRow, tapOf, termAt, toeplitzColumn, toeplitzRow } from "./places.ts";

/** What the matrices share with the figure above them. */
export interface MatricesProps extends PanelProps<typeof conv2dFields> {
  readonly output: Cell;
  readonly pointed: Pointed | undefined;
  readonly onPoint: (to?: Pointed) => void;
}

/** Numbers of the demo are within ±2; others are as bright as these. */
const RANGE = [-2, 2] as const;
/** A zero of the matrix that no weight stands for. */
const NONE = -1;

/** How wide so many cells are drawn: as long as there is room for them. */
const sideOf = (cells: number, width: number): string =>
  `min(${Math.max(40, Math.min(560, cells * width))}px, calc(100vw - 64px))`;

/** The layer as a product of matrices: by columns of windows, or as one matrix. */
export function Matrices(props: MatricesProps): JSX.Element | null {
  const { state: signal } = props;
  const state = signal.value;
  const answered = useAnswer(
    "matrices",
    useComputed(() => requestOf({ ...signal.value, direction: "forward" })),
  );
  if (answered.value?.outcome.kind !== "answer") return null;
  const answer = answered.value.outcome.value;
  const { positions } = fitOf(state);
  const isOfThis =
    answer.places === positions ** 2 &&
    answer.inputs === state.size ** 2 * state.channels &&
    answer.taps === state.window ** 2 * depthOf(state) &&
    answer.product.length === state.filters * answer.places;
  if (!isOfThis) return null;
  if (state.matrix === "Toeplitz") return <Toeplitz {...props} answer={answer} />;
  return answer.columns === undefined ? (
    <p>With groups there is one such product for each of them; one matrix for all of them is the other view.</p>
  ) : (
    <Columns {...props} answer={answer} columns={answer.columns} rows={answer.rows!} />
  );
}

interface KnownProps extends MatricesProps {
  readonly answer: MatricesAnswer;
}

const pick = ({ state, set }: MatricesProps, at: Cell): void => set({ step: stepOf(state.value, at) });

/** im2col: what each window sees as a column, filters as rows. */
function Columns(props: KnownProps & { readonly columns: Float32Array; readonly rows: Float32Array }): JSX.Element {
  const { state: signal, answer, columns, rows, output, pointed, onPoint } = props;
  const state = signal.value;
  const { taps, places, product } = answer;
  const { positions } = fitOf(state);
  const place = output.row * positions + output.column;
  const tap = pointed?.kind === "term" ? tapOf(state, pointed.tap) : undefined;
  const point = (to: Place | undefined): void =>
    onPoint(to && termAt(state, outputAt(state, to.column, output.channel), to.row));
  return (
    <div class="matrices">
      <div style={{ "--side": sideOf(taps, 14) }}>
        <p class="caption">
          <b>Filters</b> as rows, {state.filters} × {taps}
        </p>
        <Picture
          raster={{ values: rows, height: state.filters, width: taps, range: RANGE, colours: "signed" }}
          label={`Filters as rows: ${state.filters} × ${taps}`}
          frame={
            tap === undefined
              ? { row: output.channel, column: 0, rows: 1, columns: taps }
              : { row: output.channel, column: tap, rows: 1, columns: 1 }
          }
          onPoint={(to) => onPoint(to && termAt(state, output, to.column))}
          onPick={({ row }) => pick(props, outputAt(state, place, row))}
          describe={(to) => filterEntry(state, to, rows[to.row * taps + to.column]!)}
        />
      </div>
      <span class="operator">·</span>
      <div style={{ "--side": sideOf(places, 18) }}>
        <p class="caption">
          <b>Windows</b> as columns, {taps} × {places}
        </p>
        <Picture
          raster={{ values: columns, height: taps, width: places, range: [0, 2], colours: "sequence" }}
          label={`Windows as columns: ${taps} × ${places}`}
          frame={
            tap === undefined
              ? { row: 0, column: place, rows: taps, columns: 1 }
              : { row: tap, column: place, rows: 1, columns: 1 }
          }
          onPoint={point}
          onPick={({ column }) => pick(props, outputAt(state, column, output.channel))}
          describe={(to) => windowEntry(state, to, output.channel)}
        />
      </div>
      <span class="operator">=</span>
      <div style={{ "--side": sideOf(places, 20) }}>
        <p class="caption">
          <b>Maps</b> as rows, {state.filters} × {places}, before the bias
        </p>
        <Picture
          raster={{ values: product, height: state.filters, width: places, range: [-10, 10], colours: "signed" }}
          label={`Maps as rows: ${state.filters} × ${places}`}
          frame={{ row: output.channel, column: place, rows: 1, columns: 1 }}
          onPick={({ row, column }) => pick(props, outputAt(state, column, row))}
          describe={(to) => mapEntry(state, to, product[to.row * places + to.column]!)}
        />
        <p class="said">
          Row {output.channel + 1} times column {place + 1} is{" "}
          <strong>{shown(product[output.channel * places + place]!)}</strong>. A number of the input stands in as many
          columns as windows see it: {columns.length.toLocaleString("en")} numbers for{" "}
          {(state.size ** 2 * state.channels).toLocaleString("en")}. <Difference answer={answer} />
        </p>
      </div>
    </div>
  );
}

/** The layer as one matrix, mostly zeros. */
function Toeplitz(props: KnownProps): JSX.Element {
  const { state: signal, set, answer, output, pointed, onPoint } = props;
  const state = signal.value;
  const { matrix, weightAt, inputs, places, nonZeros, distinct } = answer;
  const rows = places * state.filters;
  const own = useSignal<Place | undefined>(undefined);
  const column = pointed?.kind === "term" ? toeplitzColumn(state, pointed.at) : undefined;
  const row = toeplitzRow(state, output);
  const looked = own.value === undefined ? NONE : weightAt[own.value.row * inputs + own.value.column]!;
  const copiesOf = (index: number): number => weightAt.filter((weight) => weight === index).length;
  const copies = looked === NONE ? 0 : copiesOf(looked);
  const values =
    looked === NONE ? matrix : matrix.map((value, i) => (weightAt[i] === looked ? value || 0.4 : 0.12 * value));
  return (
    <div class="toeplitz">
      <p class="caption">
        <b>One matrix</b>, {rows} × {inputs}: a row for each output, a column for each input
      </p>
      <div class="wide">
        <div style={{ "--side": `${Math.max(300, inputs * 12)}px` }}>
          <Picture
            raster={{ values, height: rows, width: inputs, range: RANGE, colours: "signed" }}
            label={`The layer as a matrix of ${rows} × ${inputs}: ${nonZeros} entries are weights, copies of ${distinct}`}
            frame={{
              row,
              column: column ?? 0,
              rows: 1,
              columns: column === undefined ? inputs : 1,
            }}
            onPoint={(to) => {
              own.value = to;
              onPoint(undefined);
            }}
            onPick={(to) => set({ step: stepOfRow(state, to.row) })}
            describe={(to) => {
              const at = to.row * inputs + to.column;
              return toeplitzEntry(state, to, weightAt[at]!, matrix[at]!, copiesOf(weightAt[at]!));
            }}
          />
        </div>
      </div>
      <Legend range={RANGE} colours="signed" />
      <p class="said">
        Of {(rows * inputs).toLocaleString("en")} entries <strong>{nonZeros.toLocaleString("en")}</strong> are weights,
        copies of <strong>{distinct}</strong>; the others are zeros. A full connection would learn them all.{" "}
        {looked === NONE
          ? "Point at one, or go there with the arrow keys, to see its copies."
          : `The weight that you point at stands in ${copies} ${copies === 1 ? "row" : "rows"}.`}{" "}
        <Difference answer={answer} />
      </p>
    </div>
  );
}

function Difference({ answer: { difference } }: { readonly answer: MatricesAnswer }): JSX.Element {
  return (
    <>
      Product and convolution differ by <strong data-difference={difference}>{shown(difference)}</strong>.
    </>
  );
}

/** The views there are. */
export const matrixNames: Readonly<Record<Conv2dState["matrix"], string>> = {
  none: "none",
  im2col: "windows as columns",
  Toeplitz: "one matrix",
};
