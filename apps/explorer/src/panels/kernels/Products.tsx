import { Numbers } from "../../controls/Grid.tsx";
import type { Place } from "../../place.ts";
import { shown } from "../../draw/shown.ts";
import { largestSize } from "../../numbers.ts";
import {
  appliedKernel,
  composed,
  kernelOf,
  productsOf,
  type KernelsState,
  type PresetName,
  type Product,
} from "./model.ts";

/** The nine products under the pointer, and their sum. */
export function Products(props: {
  readonly state: KernelsState;
  readonly image: Float32Array;
  readonly at: Place;
  readonly computed: number;
}) {
  const { state, image, at, computed } = props;
  const products = productsOf(state, image, at);
  const most = largestSize(appliedKernel(state));
  const grid = (label: string, of: (product: Product) => number) => (
    <Numbers className="decimals" caption={label} label={label} values={products.map(of)} most={most} />
  );
  return (
    <div class="equation">
      <Numbers
        className="decimals"
        caption="Pixels under it"
        label="Pixels under it"
        values={products.map(({ pixel }) => pixel)}
        most={1}
        classOf={(i) => (products[i]?.isBorder ? "padding" : "input")}
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
export function Composed({ state, then }: { readonly state: KernelsState; readonly then: PresetName }) {
  const both = composed(appliedKernel(state), kernelOf(then));
  return (
    <Numbers
      className="decimals"
      caption="Both kernels as one of 5 × 5 (except at the border)"
      label="Both kernels at once"
      values={both}
      most={largestSize(both)}
    />
  );
}
