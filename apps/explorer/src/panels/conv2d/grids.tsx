import { inputUnder } from "@convlens/backend";
import type { ComponentChildren, JSX } from "preact";
import { Matrix, numberLook, type CellLook, type MatrixProps, type Place } from "../../controls/Matrix.tsx";
import { upTo } from "../../numbers.ts";
import {
  biasAt,
  depthOf,
  edited,
  editedInput,
  editedWeight,
  firstChannel,
  fitOf,
  inputAt,
  isOutside,
  slide,
  stepOf,
  weightAt,
  type Cell,
  type Conv2dState,
} from "./model.ts";

/** The place that the pointer is at. */
export type Pointed =
  | { readonly kind: "input"; readonly at: Cell }
  | { readonly kind: "output"; readonly at: Cell }
  /** A product of the input at `at` with the weight at `tap` of the selected filter. */
  | { readonly kind: "term"; readonly at: Cell; readonly tap: Cell };

/** Results of the worker, as far as they are known. */
export interface Numbers {
  readonly output?: (at: Cell) => number;
  readonly gradients?: {
    readonly input: (at: Cell) => number;
    readonly weight: (filter: number, tap: Cell) => number;
    readonly bias: (filter: number) => number;
    readonly output: (at: Cell) => number;
  };
}

/** Properties of all grids of the figure. */
export interface GridProps {
  readonly state: Conv2dState;
  readonly set: (change: Partial<Conv2dState>) => void;
  readonly numbers: Numbers;
  /** The selected output. */
  readonly output: Cell | undefined;
  /** Outputs to which the input under the pointer contributes. */
  readonly users: readonly Cell[];
  readonly pointed: Pointed | undefined;
  readonly onPoint: (to?: Pointed) => void;
}

const same = (a: Cell | undefined, b: Cell): boolean =>
  a !== undefined && a.channel === b.channel && a.row === b.row && a.column === b.column;

/** A grid with its caption; with a dashed border for gradients, which cannot be edited. */
function Grid({
  caption,
  isGradient,
  onEdit,
  className = "",
  ...grid
}: MatrixProps & { readonly caption: ComponentChildren; readonly isGradient: boolean }): JSX.Element {
  return (
    <>
      <p class="caption">{caption}</p>
      <Matrix
        {...grid}
        className={`${className} ${isGradient ? "backward" : ""}`}
        onEdit={isGradient ? undefined : onEdit}
      />
    </>
  );
}

/** One slice of the input with its padding, and the window over it. */
export function InputSlice(props: GridProps & { readonly channel: number }): JSX.Element {
  const { state, set, numbers, output, pointed, onPoint, channel } = props;
  const { size, padding, window, stride, dilation } = state;
  const { span, dropped } = fitOf(state);
  const { sliding } = slide(state);
  const side = size + 2 * padding;
  const { gradients } = numbers;
  const cellAt = ({ row, column }: Place): Cell => ({ channel, row: row - padding, column: column - padding });
  const first = output === undefined ? 0 : firstChannel(state, output.channel);
  const isSeen = output !== undefined && channel >= first && channel < first + depthOf(state);
  const corner = output && { row: output.row * stride, column: output.column * stride };
  const taps = Array.from({ length: window }, (_, tap) => tap);
  const isUnder = (at: number, position: number): boolean =>
    taps.some((tap) => inputUnder(sliding, position, tap) === at);

  const cell = (place: Place): CellLook => {
    const at = cellAt(place);
    const isHot = (pointed?.kind === "term" || pointed?.kind === "input") && same(pointed.at, at);
    const marks = [
      isSeen && isUnder(at.row, output.row) && isUnder(at.column, output.column) && "seen",
      isHot && "hot",
      (place.row >= side - dropped || place.column >= side - dropped) && "dropped",
    ].filter((mark) => typeof mark === "string");
    const where = `slice ${channel + 1}, row ${at.row + 1}, column ${at.column + 1}`;
    if (isOutside(state, at))
      return { text: "0", label: `padding, ${where}: 0`, className: ["padding", ...marks].join(" ") };
    const look = gradients
      ? numberLook(gradients.input(at), `gradient of input, ${where}`, 8)
      : numberLook(inputAt(state, at), `input, ${where}`, 4);
    const tint = gradients ? look.className : look.className && "input";
    return { ...look, className: [tint, ...marks].join(" "), isEditable: gradients === undefined };
  };
  return (
    <div>
      <Grid
        caption={
          <>
            {gradients ? "gradient of " : ""}
            <b>x</b> slice {channel + 1}
          </>
        }
        label={`Input slice ${channel + 1}`}
        className={dilation > 1 ? "holes" : ""}
        isGradient={gradients !== undefined}
        rows={side}
        columns={side}
        cell={cell}
        frame={isSeen && corner ? { ...corner, rows: span, columns: span } : undefined}
        onEdit={(place, value) => set(editedInput(state, cellAt(place), value))}
        onPoint={(place) => onPoint(place && { kind: "input", at: cellAt(place) })}
      />
    </div>
  );
}

/** One filter: a slice of weights for each slice of the input that it reads. */
export function Filter(
  props: GridProps & { readonly filter: number; readonly visible: (channel: number) => string },
): JSX.Element {
  const { state, set, numbers, output, pointed, filter, visible } = props;
  const { window } = state;
  const first = firstChannel(state, filter);
  const { gradients } = numbers;
  const isSelected = output?.channel === filter;
  return (
    <>
      {upTo(depthOf(state)).map((channel) => {
        const slice = first + channel + 1;
        const tapAt = ({ row, column }: Place): Cell => ({ channel, row, column });
        const cell = (place: Place): CellLook => {
          const tap = tapAt(place);
          const where = `filter ${filter + 1}, slice ${slice}, row ${place.row + 1}, column ${place.column + 1}`;
          const isHot = isSelected && pointed?.kind === "term" && same(pointed.tap, tap);
          const look = gradients
            ? numberLook(gradients.weight(filter, tap), `gradient of weight, ${where}`, 12)
            : numberLook(weightAt(state, filter, tap), `weight, ${where}`, 2);
          return { ...look, className: `${look.className} ${isHot ? "hot" : ""}`, isEditable: gradients === undefined };
        };
        return (
          <div key={channel} data-slice={visible(first + channel)} style={{ "--at": slice }}>
            <Grid
              caption={
                <>
                  <b>
                    w<sub>{filter + 1}</sub>
                  </b>{" "}
                  slice {slice}
                </>
              }
              label={`Filter ${filter + 1}, slice ${slice}`}
              isGradient={gradients !== undefined}
              rows={window}
              columns={window}
              cell={cell}
              frame={isSelected ? { row: 0, column: 0, rows: window, columns: window } : undefined}
              onEdit={(place, value) => set(editedWeight(state, filter, tapAt(place), value))}
            />
          </div>
        );
      })}
    </>
  );
}

/** The bias of a filter. */
export function Biases({ state, set, numbers, filter }: GridProps & { readonly filter: number }): JSX.Element {
  const { gradients } = numbers;
  const cell = (): CellLook => ({
    ...(gradients
      ? numberLook(gradients.bias(filter), `gradient of bias ${filter + 1}`, 12)
      : numberLook(biasAt(state, filter), `bias ${filter + 1}`, 2)),
    isEditable: gradients === undefined,
  });
  return (
    <div style={{ "--at": state.channels + 1 }}>
      <Grid
        caption={
          <b>
            b<sub>{filter + 1}</sub>
          </b>
        }
        label={`Bias ${filter + 1}`}
        isGradient={gradients !== undefined}
        rows={1}
        columns={1}
        cell={cell}
        onEdit={(_, value) => set(edited(state, `b${filter}`, value))}
      />
    </div>
  );
}

/** One activation map. Picking a number selects it. */
export function OutputMap(props: GridProps & { readonly filter: number }): JSX.Element {
  const { state, set, numbers, output, users, onPoint, filter } = props;
  const { positions } = fitOf(state);
  const { gradients } = numbers;
  const cellAt = ({ row, column }: Place): Cell => ({ channel: filter, row, column });
  const cell = (place: Place): CellLook => {
    const at = cellAt(place);
    const where = `map ${filter + 1}, row ${place.row + 1}, column ${place.column + 1}`;
    if (numbers.output === undefined) return { text: "…", label: `${where}: being computed`, className: "" };
    const look = gradients
      ? numberLook(gradients.output(at), `gradient of output, ${where}`, 2)
      : numberLook(numbers.output(at), where, 10);
    return { ...look, className: `${look.className} ${users.some((user) => same(user, at)) ? "user" : ""}` };
  };
  return (
    <div>
      <Grid
        caption={
          <>
            {gradients ? "gradient of " : ""}
            <b>y</b> map {filter + 1}
          </>
        }
        label={`Output map ${filter + 1}`}
        isGradient={gradients !== undefined}
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
