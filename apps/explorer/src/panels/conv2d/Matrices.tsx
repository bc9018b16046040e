import { useSignal } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import type { MatricesAnswer } from "../../compute/matrices.ts";
import type { Place } from "../../place.ts";
import { Legend, Picture, Plate, signed, type Pixels, type PlateProps } from "../../draw/Picture.tsx";
import { counted, grouped, shown } from "../../draw/shown.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { filterEntry, mapEntry, toeplitzEntry, windowEntry } from "./entries.ts";
import type { Pointed } from "./grids.tsx";
import {
  depthOf,
  fitOf,
  inputsOf,
  isOutside,
  outputAt,
  outputsOf,
  requestOf,
  stepOf,
  tapsOf,
  termAt,
  type Cell,
  type conv2dFields,
} from "./model.ts";

interface MatricesProps extends PanelProps<typeof conv2dFields> {
  readonly output: Cell;
  readonly pointed: Pointed | undefined;
  readonly onPoint: (to?: Pointed) => void;
}

/** Absolute value at which colours are strongest: numbers of the example are within ±2. */
const LIMIT = 2;
/** An entry that is no weight. */
const NONE = -1;

/** Width of a picture with `cells` columns, if there is room for it. */
const sideOf = (cells: number, width: number): string =>
  `min(${Math.max(40, Math.min(560, cells * width))}px, calc(100vw - 64px))`;

/** The layer as a product of matrices: with windows as columns, or as one matrix. */
export function Matrices(props: MatricesProps) {
  const { signal, state } = props;
  const { value: answer } = useAnswer("matrices", () => requestOf({ ...signal.value, direction: "forward" })).value;
  const { positions } = fitOf(state);
  const isOfThis =
    answer?.places === positions ** 2 &&
    answer.inputs === state.size ** 2 * state.channels &&
    answer.taps === state.window ** 2 * depthOf(state) &&
    answer.product.length === state.filters * answer.places;
  if (!isOfThis) return null;
  if (state.matrix === "Toeplitz") return <Toeplitz {...props} answer={answer} />;
  const { columns, rows } = answer;
  return columns === undefined || rows === undefined ? (
    <p>With groups there is one such product for each of them. The other view shows one matrix for all groups.</p>
  ) : (
    <Columns {...props} answer={answer} columns={columns} rows={rows} />
  );
}

interface KnownProps extends MatricesProps {
  readonly answer: MatricesAnswer;
}

/** A factor or the result of the product. */
function Factor(
  props: Omit<PlateProps, "label"> & { readonly title: string; readonly as: string; readonly side: string },
) {
  const { as, side, caption, ...plate } = props;
  const { height, width } = plate.pixels;
  const size = `${height} × ${width}`;
  return (
    <div style={{ "--side": side }}>
      <Plate {...plate} caption={` as ${as}, ${size}${caption ?? ""}`} label={`${plate.title} as ${as}: ${size}`} />
    </div>
  );
}

/** A frame around a row of the filters, a column of the windows, or one entry. */
const box = (row: number, column: number, rows = 1, columns = 1) => ({ row, column, rows, columns });

/** im2col: the inputs of each window as a column, filters as rows. */
function Columns(props: KnownProps & { readonly columns: Float32Array; readonly rows: Float32Array }) {
  const { state, set, answer, columns, rows, output, pointed, onPoint } = props;
  const { filters, size, channels } = state;
  const { taps, places, product } = answer;
  const place = output.row * fitOf(state).positions + output.column;
  const all = tapsOf(state);
  const tap = pointed?.kind === "term" ? all.indexOf(pointed.tap) : undefined;
  const pick = (place: number, channel: number): void => set({ step: stepOf(state, outputAt(state, place, channel)) });
  const point = (to: Place | undefined): void =>
    onPoint(to && termAt(state, outputAt(state, to.column, output.channel), all.cellAt(to.row)));
  const windows: Pixels = { values: columns, height: taps, width: places, range: [0, 2], map: "sequential" };
  return (
    <div class="matrices">
      <Factor
        title="Filters"
        as="rows"
        side={sideOf(taps, 14)}
        pixels={{ ...signed(rows, LIMIT), height: filters, width: taps }}
        frame={tap === undefined ? box(output.channel, 0, 1, taps) : box(output.channel, tap)}
        onPoint={(to) => onPoint(to && termAt(state, output, all.cellAt(to.column)))}
        onPick={({ row }) => pick(place, row)}
        describe={(to) => filterEntry(state, to, rows[to.row * taps + to.column]!)}
      />
      <span class="operator">·</span>
      <Factor
        title="Windows"
        as="columns"
        side={sideOf(places, 18)}
        pixels={windows}
        frame={tap === undefined ? box(0, place, taps) : box(tap, place)}
        onPoint={point}
        onPick={({ column }) => pick(column, output.channel)}
        describe={(to) => windowEntry(state, to, output.channel)}
      />
      <span class="operator">=</span>
      <Factor
        title="Maps"
        as="rows"
        caption=", before the bias"
        side={sideOf(places, 20)}
        pixels={{ ...signed(product, 10), height: filters, width: places }}
        frame={box(output.channel, place)}
        onPick={({ row, column }) => pick(column, row)}
        describe={(to) => mapEntry(state, to, product[to.row * places + to.column]!)}
      >
        <p class="said">
          Row {output.channel + 1} times column {place + 1} is{" "}
          <strong>{shown(product[output.channel * places + place]!)}</strong>. Each input is in the column of every
          window that contains it, so there are {grouped(columns.length)} entries for {grouped(size ** 2 * channels)}{" "}
          inputs. <Difference answer={answer} />
        </p>
      </Factor>
    </div>
  );
}

/** The layer as one matrix, mostly zeros. */
function Toeplitz(props: KnownProps) {
  const { state, set, answer, output, pointed, onPoint } = props;
  const { matrix, weightAt, inputs, places, nonZeros, distinct } = answer;
  const rows = places * state.filters;
  const own = useSignal<Place | undefined>(undefined);
  const isAtInput = pointed?.kind === "term" && !isOutside(state, pointed.at);
  const column = isAtInput ? inputsOf(state).indexOf(pointed.at) : undefined;
  const row = outputsOf(state).indexOf(output);
  const looked = own.value === undefined ? NONE : weightAt[own.value.row * inputs + own.value.column]!;
  const copiesOf = (index: number): number => weightAt.filter((weight) => weight === index).length;
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
            pixels={{ ...signed(values, LIMIT), height: rows, width: inputs }}
            label={`The layer as a matrix of ${rows} × ${inputs}: ${nonZeros} entries are weights, copies of ${distinct}`}
            frame={column === undefined ? box(row, 0, 1, inputs) : box(row, column)}
            onPoint={(to) => {
              own.value = to;
              onPoint(undefined);
            }}
            onPick={(to) => set({ step: stepOf(state, outputsOf(state).cellAt(to.row)) })}
            describe={(to) => {
              const at = to.row * inputs + to.column;
              return toeplitzEntry(state, to, weightAt[at]!, matrix[at]!, copiesOf(weightAt[at]!));
            }}
          />
        </div>
      </div>
      <Legend range={[-LIMIT, LIMIT]} map="signed" />
      <p class="said">
        <strong>{grouped(nonZeros)}</strong> of {grouped(rows * inputs)} entries are weights, copies of{" "}
        <strong>{distinct}</strong>; the others are zeros. A fully connected layer would learn all of them.{" "}
        {looked === NONE
          ? "Point at one, or go there with the arrow keys, to see its copies."
          : `The weight under the pointer is in ${counted(copiesOf(looked), "row")}.`}{" "}
        <Difference answer={answer} />
      </p>
    </div>
  );
}

function Difference({ answer: { difference } }: { readonly answer: MatricesAnswer }) {
  return (
    <>
      Product and convolution differ by <strong data-difference={difference}>{shown(difference)}</strong>.
    </>
  );
}
