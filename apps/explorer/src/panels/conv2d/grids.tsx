import type { JSX } from "preact";
import { shown } from "../../draw/shown.ts";
import { Matrix, type CellLook, type Place } from "../../controls/Matrix.tsx";
import {
  biasAt,
  depthOf,
  edited,
  editedInput,
  editedWeight,
  firstChannel,
  fitOf,
  inputAt,
  stepOf,
  weightAt,
  type Cell,
  type Conv2dState,
} from "./model.ts";

/** What the reader points at. */
export type Pointed =
  | { readonly kind: "input"; readonly at: Cell }
  | { readonly kind: "output"; readonly at: Cell }
  /** A product: of the input at `at` with the weight at `tap` of the filter that is looked at. */
  | { readonly kind: "term"; readonly at: Cell; readonly tap: Cell };

/** What the worker computed, where it is known. */
export interface Numbers {
  readonly output?: (at: Cell) => number;
  readonly gradients?: {
    readonly input: (at: Cell) => number;
    readonly weight: (filter: number, tap: Cell) => number;
    readonly bias: (filter: number) => number;
    readonly output: (at: Cell) => number;
  };
}

/** What all grids of the figure share. */
export interface GridProps {
  readonly state: Conv2dState;
  readonly set: (change: Partial<Conv2dState>) => void;
  readonly numbers: Numbers;
  /** The output that is looked at. */
  readonly output: Cell | undefined;
  /** The outputs that the input under the pointer has a part in. */
  readonly users: readonly Cell[];
  readonly pointed: Pointed | undefined;
  readonly onPoint: (to?: Pointed) => void;
}

const same = (a: Cell | undefined, b: Cell): boolean =>
  a !== undefined && a.channel === b.channel && a.row === b.row && a.column === b.column;

/** A colour by sign, full at `most`. */
function look(value: number, label: string, most: number): CellLook {
  return {
    text: shown(value),
    label: `${label}: ${shown(value)}`,
    className: value < 0 ? "negative" : value > 0 ? "positive" : "",
    share: Math.min(1, Math.abs(value) / most),
  };
}

/** One slice of the input with its padding, and the window over it. */
export function InputSlice(props: GridProps & { readonly channel: number }): JSX.Element {
  const { state, set, numbers, output, pointed, onPoint, channel } = props;
  const { size, padding, window, stride, dilation } = state;
  const { span, dropped } = fitOf(state);
  const side = size + 2 * padding;
  const gradients = numbers.gradients;
  const cellAt = ({ row, column }: Place): Cell => ({ channel, row: row - padding, column: column - padding });
  const first = output === undefined ? 0 : firstChannel(state, output.channel);
  const isSeen = output !== undefined && channel >= first && channel < first + depthOf(state);
  const corner = output && { row: output.row * stride, column: output.column * stride };
  const isUnder = (at: number, from: number): boolean =>
    at >= from && (at - from) % dilation === 0 && (at - from) / dilation < window;

  const cell = (place: Place): CellLook => {
    const at = cellAt(place);
    const isPadding = at.row < 0 || at.column < 0 || at.row >= size || at.column >= size;
    const marks = [
      isSeen && corner && isUnder(place.row, corner.row) && isUnder(place.column, corner.column) && "seen",
      pointed?.kind === "term" && same(pointed.at, at) && "hot",
      pointed?.kind === "input" && same(pointed.at, at) && "hot",
      (place.row >= side - dropped || place.column >= side - dropped) && "dropped",
    ].filter((mark) => mark !== false && mark !== undefined);
    const where = `slice ${channel + 1}, row ${at.row + 1}, column ${at.column + 1}`;
    if (isPadding) return { text: "0", label: `padding, ${where}: 0`, className: ["padding", ...marks].join(" ") };
    if (gradients !== undefined) {
      const gradient = look(gradients.input(at), `gradient of input, ${where}`, 8);
      return { ...gradient, className: [gradient.className, ...marks].join(" ") };
    }
    const value = look(inputAt(state, at), `input, ${where}`, 4);
    return { ...value, className: [value.className && "input", ...marks].join(" "), isEditable: true };
  };

  return (
    <div>
      <p class="caption">
        {gradients ? "gradient of " : ""}
        <b>x</b> slice {channel + 1}
      </p>
      <Matrix
        label={`Input slice ${channel + 1}`}
        className={`${dilation > 1 ? "holes" : ""} ${gradients ? "backward" : ""}`}
        rows={side}
        columns={side}
        cell={cell}
        frame={isSeen && corner ? { ...corner, rows: span, columns: span } : undefined}
        {...(gradients === undefined && { onEdit: (place, value) => set(editedInput(state, cellAt(place), value)) })}
        onPoint={(place) => onPoint(place && { kind: "input", at: cellAt(place) })}
      />
    </div>
  );
}

/** One filter: a slice of weights for each slice of the input that it sees. */
export function Filter(
  props: GridProps & { readonly filter: number; readonly visible: (channel: number) => string },
): JSX.Element {
  const { state, set, numbers, output, pointed, filter, visible } = props;
  const { window } = state;
  const first = firstChannel(state, filter);
  const gradients = numbers.gradients;
  const isLooked = output?.channel === filter;
  return (
    <>
      {Array.from({ length: depthOf(state) }, (_, channel) => {
        const tapAt = ({ row, column }: Place): Cell => ({ channel, row, column });
        const cell = (place: Place): CellLook => {
          const tap = tapAt(place);
          const where = `filter ${filter + 1}, slice ${first + channel + 1}, row ${place.row + 1}, column ${place.column + 1}`;
          const isHot = isLooked && pointed?.kind === "term" && same(pointed.tap, tap);
          const value = gradients
            ? look(gradients.weight(filter, tap), `gradient of weight, ${where}`, 12)
            : look(weightAt(state, filter, tap), `weight, ${where}`, 2);
          return {
            ...value,
            className: `${value.className} ${isHot ? "hot" : ""}`,
            isEditable: gradients === undefined,
          };
        };
        return (
          <div key={channel} data-slice={visible(first + channel)} style={{ "--at": first + channel + 1 }}>
            <p class="caption">
              <b>
                w<sub>{filter + 1}</sub>
              </b>{" "}
              slice {first + channel + 1}
            </p>
            <Matrix
              label={`Filter ${filter + 1}, slice ${first + channel + 1}`}
              className={gradients ? "backward" : ""}
              rows={window}
              columns={window}
              cell={cell}
              frame={isLooked ? { row: 0, column: 0, rows: window, columns: window } : undefined}
              {...(gradients === undefined && {
                onEdit: (place, value) => set(editedWeight(state, filter, tapAt(place), value)),
              })}
            />
          </div>
        );
      })}
    </>
  );
}

/** The number that is added to each of a filter's sums. */
export function Biases({ state, set, numbers, filter }: GridProps & { readonly filter: number }): JSX.Element {
  const { gradients } = numbers;
  const cell = (): CellLook => ({
    ...(gradients
      ? look(gradients.bias(filter), `gradient of bias ${filter + 1}`, 12)
      : look(biasAt(state, filter), `bias ${filter + 1}`, 2)),
    isEditable: gradients === undefined,
  });
  return (
    <div style={{ "--at": state.channels + 1 }}>
      <p class="caption">
        <b>
          b<sub>{filter + 1}</sub>
        </b>
      </p>
      <Matrix
        label={`Bias ${filter + 1}`}
        className={gradients ? "backward" : ""}
        rows={1}
        columns={1}
        cell={cell}
        {...(gradients === undefined && { onEdit: (_, value) => set(edited(state, `b${filter}`, value)) })}
      />
    </div>
  );
}

/** One activation map; picking a number looks at it. */
export function OutputMap(props: GridProps & { readonly filter: number }): JSX.Element {
  const { state, set, numbers, output, users, onPoint, filter } = props;
  const { positions } = fitOf(state);
  const { gradients } = numbers;
  const cellAt = ({ row, column }: Place): Cell => ({ channel: filter, row, column });
  const cell = (place: Place): CellLook => {
    const at = cellAt(place);
    const where = `map ${filter + 1}, row ${place.row + 1}, column ${place.column + 1}`;
    const isUser = users.some((user) => same(user, at));
    if (numbers.output === undefined) return { text: "…", label: `${where}: being computed`, className: "" };
    const value = gradients
      ? look(gradients.output(at), `gradient of output, ${where}`, 2)
      : look(numbers.output(at), where, 10);
    return { ...value, className: `${value.className} ${isUser ? "user" : ""}` };
  };
  return (
    <div>
      <p class="caption">
        {gradients ? "gradient of " : ""}
        <b>y</b> map {filter + 1}
      </p>
      <Matrix
        label={`Output map ${filter + 1}`}
        className={gradients ? "backward" : ""}
        rows={positions}
        columns={positions}
        cell={cell}
        frame={output?.channel === filter ? { row: output.row, column: output.column, rows: 1, columns: 1 } : undefined}
        onPick={(place) => set({ step: stepOf(state, cellAt(place)) })}
        onPoint={(place) => onPoint(place && { kind: "output", at: cellAt(place) })}
      />
    </div>
  );
}
