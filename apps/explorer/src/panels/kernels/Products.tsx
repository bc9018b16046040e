import type { JSX } from "preact";
import { Matrix, numberLook, type CellLook, type Place } from "../../controls/Matrix.tsx";
import { shown } from "../../draw/shown.ts";
import { largestSize } from "../../numbers.ts";
import { appliedKernel, composed, kernelOf, productsOf, type KernelsState, type PresetName } from "./model.ts";

/** A square grid of numbers under a caption. */
function Grid(props: {
  readonly caption: string;
  readonly label: string;
  readonly values: readonly number[];
  /** Number at which colours are strongest. */
  readonly most: number;
  /** Changes the look of a cell. */
  readonly look?: (look: CellLook, i: number) => CellLook;
}): JSX.Element {
  const { caption, label, values, most, look = (own) => own } = props;
  const side = Math.sqrt(values.length);
  const cell = ({ row, column }: Place): CellLook => {
    const i = row * side + column;
    return look(numberLook(values[i]!, `${label}, row ${row + 1}, column ${column + 1}`, most), i);
  };
  return (
    <div>
      <p class="caption">{caption}</p>
      <Matrix label={label} className="decimals" rows={side} columns={side} cell={cell} />
    </div>
  );
}

/** The nine products under the pointer, and their sum. */
export function Products(props: {
  readonly state: KernelsState;
  readonly image: Float32Array;
  readonly at: Place;
  readonly computed: number;
}): JSX.Element {
  const { state, image, at, computed } = props;
  const products = productsOf(state, image, at);
  const most = largestSize(appliedKernel(state));
  const grid = (label: string, of: (product: (typeof products)[number]) => number): JSX.Element => (
    <Grid caption={label} label={label} values={products.map(of)} most={most} />
  );
  return (
    <div class="equation">
      <Grid
        caption="Pixels under it"
        label="Pixels under it"
        values={products.map(({ pixel }) => pixel)}
        most={1}
        look={(look, i) => ({ ...look, className: products[i]!.isBorder ? "padding" : "input" })}
      />
      <span class="operator">×</span>
      {grid("Weights", ({ weight }) => weight)}
      <span class="operator">=</span>
      {grid("Products", ({ weight, pixel }) => weight * pixel)}
      <p class="total">
        Row {at.row + 1}, column {at.column + 1}: the sum of the products is <strong>{shown(computed)}</strong>
      </p>
    </div>
  );
}

/** The one kernel that has the effect of both. */
export function Composed({ state, then }: { readonly state: KernelsState; readonly then: PresetName }): JSX.Element {
  const both = composed(appliedKernel(state), kernelOf(then));
  return (
    <Grid
      caption="Both kernels as one of 5 × 5 (except at the border)"
      label="Both kernels at once"
      values={both}
      most={largestSize(both)}
    />
  );
}
