import type { JSX } from "preact";
import { Matrix, type Place } from "../../controls/Matrix.tsx";
import { shown } from "../../draw/shown.ts";
import { appliedKernel, composed, presets, productsOf, type KernelsState } from "./model.ts";

/** The nine products under the pointer, and their sum. */
export function Products(props: {
  readonly state: KernelsState;
  readonly image: Float32Array;
  readonly at: Place;
  readonly computed: number;
}): JSX.Element {
  const { state, image, at, computed } = props;
  const products = productsOf(state, image, at);
  const sign = (value: number): string => (value < 0 ? "negative" : value > 0 ? "positive" : "");
  const scale = Math.max(...appliedKernel(state).map(Math.abs), 1e-6);
  const grid = (
    label: string,
    text: (i: number) => number,
    className: (i: number) => string,
    share: (i: number) => number,
  ) => (
    <div>
      <p class="caption">{label}</p>
      <Matrix
        label={label}
        className="decimals"
        rows={3}
        columns={3}
        cell={({ row, column }) => {
          const i = row * 3 + column;
          return {
            text: shown(text(i)),
            label: `${label}, row ${row + 1}, column ${column + 1}: ${shown(text(i))}`,
            className: className(i),
            share: Math.min(1, share(i)),
          };
        }}
      />
    </div>
  );
  return (
    <div class="equation">
      {grid(
        "Pixels under it",
        (i) => products[i]!.pixel,
        (i) => (products[i]!.isBorder ? "padding" : "input"),
        (i) => products[i]!.pixel,
      )}
      <span class="operator">×</span>
      {grid(
        "Weights",
        (i) => products[i]!.weight,
        (i) => sign(products[i]!.weight),
        (i) => Math.abs(products[i]!.weight) / scale,
      )}
      <span class="operator">=</span>
      {grid(
        "Products",
        (i) => products[i]!.weight * products[i]!.pixel,
        (i) => sign(products[i]!.weight * products[i]!.pixel),
        (i) => Math.abs(products[i]!.weight * products[i]!.pixel) / scale,
      )}
      <p class="total">
        Row {at.row + 1}, column {at.column + 1}: the sum of the products is <strong>{shown(computed)}</strong>
      </p>
    </div>
  );
}

/** The kernel that does both at once. */
export function Composed({
  state,
  then,
}: {
  readonly state: KernelsState;
  readonly then: keyof typeof presets;
}): JSX.Element {
  const { cells, divisor } = presets[then];
  const both = composed(
    appliedKernel(state),
    cells.map((cell) => cell / divisor),
  );
  const most = Math.max(...both.map(Math.abs), 1e-6);
  return (
    <div>
      <p class="caption">Both kernels at once, away from the border: one of 5 × 5</p>
      <Matrix
        label="Both kernels at once"
        className="decimals"
        rows={5}
        columns={5}
        cell={({ row, column }) => {
          const value = both[row * 5 + column]!;
          return {
            text: shown(value),
            label: `both, row ${row + 1}, column ${column + 1}: ${shown(value)}`,
            className: value < 0 ? "negative" : value > 0 ? "positive" : "",
            share: Math.abs(value) / most,
          };
        }}
      />
    </div>
  );
}
