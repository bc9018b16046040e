import { inputUnder } from "@convlens/backend";
import { Grid, lookOf } from "../../controls/Grid.tsx";
import type { CellLook } from "../../controls/Matrix.tsx";
import { inWords, type Place } from "../../place.ts";
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
  type Term,
} from "./model.ts";

/** The place that the pointer is at: an input, an output, or a product. */
export type Pointed =
  { readonly kind: "input"; readonly at: Cell } | { readonly kind: "output"; readonly at: Cell } | Term;

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
export interface LayerProps {
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

const same = (a: Cell, b: Cell): boolean => a.channel === b.channel && a.row === b.row && a.column === b.column;

/** One slice of the input with its padding, and the window over it. */
export function InputSlice(props: LayerProps & { readonly channel: number }) {
  const { state, set, numbers, output, pointed, onPoint, channel } = props;
  const { size, padding, window, stride, dilation } = state;
  const { span, dropped } = fitOf(state);
  const { sliding } = slide(state);
  const side = size + 2 * padding;
  const gradient = numbers.gradients?.input;
  const cellAt = ({ row, column }: Place): Cell => ({ channel, row: row - padding, column: column - padding });
  const first = output === undefined ? 0 : firstChannel(state, output.channel);
  const isSeen = output !== undefined && channel >= first && channel < first + depthOf(state);
  const isUnder = (at: number, position: number): boolean =>
    upTo(window).some((tap) => inputUnder(sliding, position, tap) === at);

  const cell = (place: Place): CellLook => {
    const at = cellAt(place);
    const isHot = pointed !== undefined && pointed.kind !== "output" && same(pointed.at, at);
    const marks = [
      isSeen && isUnder(at.row, output.row) && isUnder(at.column, output.column) && "seen",
      isHot && "hot",
      (place.row >= side - dropped || place.column >= side - dropped) && "dropped",
    ].filter((mark) => typeof mark === "string");
    const where = `slice ${channel + 1}, ${inWords(at)}`;
    if (isOutside(state, at))
      return { text: "0", label: `padding, ${where}: 0`, className: ["padding", ...marks].join(" "), isFixed: true };
    const look = lookOf(`input, ${where}`, inputAt(state, at), 4, gradient?.(at), 8);
    const tint = gradient ? look.className : look.className && "input";
    return { ...look, className: [tint, ...marks].join(" ") };
  };
  return (
    <Grid
      lead={gradient && "gradient of "}
      title="x"
      caption={` slice ${channel + 1}`}
      label={`Input slice ${channel + 1}`}
      className={dilation > 1 ? "holes" : ""}
      isGradient={gradient !== undefined}
      rows={side}
      columns={side}
      cell={cell}
      frame={
        isSeen ? { row: output.row * stride, column: output.column * stride, rows: span, columns: span } : undefined
      }
      onEdit={(place, value) => set(editedInput(state, cellAt(place), value))}
      onPoint={(place) => onPoint(place && { kind: "input", at: cellAt(place) })}
    />
  );
}

/** One filter: a slice of weights for each slice of the input that it reads. */
export function Filter(props: LayerProps & { readonly filter: number; readonly visible: (channel: number) => string }) {
  const { state, set, numbers, output, pointed, filter, visible } = props;
  const { window } = state;
  const first = firstChannel(state, filter);
  const gradient = numbers.gradients?.weight;
  const isSelected = output?.channel === filter;
  return (
    <>
      {upTo(depthOf(state)).map((channel) => {
        const slice = first + channel + 1;
        const cell = (place: Place): CellLook => {
          const tap = { channel, ...place };
          const isHot = isSelected && pointed?.kind === "term" && same(pointed.tap, tap);
          const name = `weight, filter ${filter + 1}, slice ${slice}, ${inWords(place)}`;
          const look = lookOf(name, weightAt(state, filter, tap), 2, gradient?.(filter, tap), 12);
          return { ...look, className: `${look.className} ${isHot ? "hot" : ""}` };
        };
        return (
          <div key={channel} data-slice={visible(first + channel)} style={{ "--at": slice }}>
            <Grid
              title={
                <>
                  w<sub>{filter + 1}</sub>
                </>
              }
              caption={` slice ${slice}`}
              label={`Filter ${filter + 1}, slice ${slice}`}
              isGradient={gradient !== undefined}
              rows={window}
              columns={window}
              cell={cell}
              frame={isSelected ? { row: 0, column: 0, rows: window, columns: window } : undefined}
              onEdit={(place, value) => set(editedWeight(state, filter, { channel, ...place }, value))}
            />
          </div>
        );
      })}
    </>
  );
}

/** The bias of a filter. */
export function Biases({ state, set, numbers, filter }: LayerProps & { readonly filter: number }) {
  const gradient = numbers.gradients?.bias;
  return (
    <div style={{ "--at": state.channels + 1 }}>
      <Grid
        title={
          <>
            b<sub>{filter + 1}</sub>
          </>
        }
        label={`Bias ${filter + 1}`}
        isGradient={gradient !== undefined}
        rows={1}
        columns={1}
        cell={() => lookOf(`bias ${filter + 1}`, biasAt(state, filter), 2, gradient?.(filter), 12)}
        onEdit={(_, value) => set(edited(state, `b${filter}`, value))}
      />
    </div>
  );
}

/** One activation map. Picking a number selects it. */
export function OutputMap(props: LayerProps & { readonly filter: number }) {
  const { state, set, numbers, output, users, onPoint, filter } = props;
  const { positions } = fitOf(state);
  const gradient = numbers.gradients?.output;
  const cell = (place: Place): CellLook => {
    const at = { channel: filter, ...place };
    const where = `map ${filter + 1}, ${inWords(place)}`;
    if (numbers.output === undefined) return { text: "…", label: `${where}: being computed`, className: "" };
    const name = gradient ? `output, ${where}` : where;
    const look = lookOf(name, numbers.output(at), 10, gradient?.(at), 2);
    return { ...look, className: `${look.className} ${users.some((user) => same(user, at)) ? "user" : ""}` };
  };
  return (
    <Grid
      lead={gradient && "gradient of "}
      title="y"
      caption={` map ${filter + 1}`}
      label={`Output map ${filter + 1}`}
      isGradient={gradient !== undefined}
      rows={positions}
      columns={positions}
      cell={cell}
      frame={output?.channel === filter ? { row: output.row, column: output.column, rows: 1, columns: 1 } : undefined}
      onPick={(place) => set({ step: stepOf(state, { channel: filter, ...place }) })}
      onPoint={(place) => onPoint(place && { kind: "output", at: { channel: filter, ...place } })}
    />
  );
}
