import { bracketed, shown, signOf } from "../../draw/shown.ts";
import { upTo } from "../../numbers.ts";
import type { Pointed } from "./grids.tsx";
import { biasAt, depthOf, firstChannel, termsOf, type Cell, type Conv2dState, type Term } from "./model.ts";

/** In a slice with more products than these, zeros are only counted. */
const ALL_SHOWN = 9;

/** One output as a sum: its products, slice by slice, their sums, and the bias. */
export function Sum(props: {
  readonly state: Conv2dState;
  readonly output: Cell;
  /** The result of the worker. */
  readonly computed: number;
  readonly onPoint: (to?: Pointed) => void;
}) {
  const { state, output, computed, onPoint } = props;
  const terms = termsOf(state, output);
  const bias = biasAt(state, output.channel);
  const slices = upTo(depthOf(state)).map((depth) => {
    const own = terms.filter(({ tap }) => tap.channel === depth);
    return { own, sum: own.reduce((sum, { value, weight }) => sum + value * weight, 0) };
  });
  return (
    <div class="sum aligned">
      {slices.map(({ own, sum }, depth) => {
        const written = own.length > ALL_SHOWN ? own.filter(({ value, weight }) => value * weight !== 0) : own;
        const rest = own.length - written.length;
        const slice = firstChannel(state, output.channel) + depth + 1;
        return (
          <div key={depth} style={{ "--at": slice }}>
            <span class="name">slice {slice}</span>
            {written.map((term, i) => (
              <Product key={i} term={term} isFirst={i === 0} onPoint={onPoint} />
            ))}
            {rest > 0 && (
              <span class="rest">
                {written.length > 0 ? " + " : ""}
                {rest} zeros
              </span>
            )}
            <span> = {shown(sum)}</span>
          </div>
        );
      })}
      <div class="total" style={{ "--at": state.channels + 1 }}>
        <span class="name">sum</span>
        {slices.map(({ sum }) => bracketed(sum)).join(" + ")} +{" "}
        <span class={`bias ${signOf(bias)}`}>{bracketed(bias)}</span> = {shown(computed)}
      </div>
    </div>
  );
}

function Product(props: { readonly term: Term; readonly isFirst: boolean; readonly onPoint: (to?: Pointed) => void }) {
  const { term, isFirst, onPoint } = props;
  const { value, weight, isPadding } = term;
  return (
    <>
      {isFirst ? "" : " + "}
      <span
        class={`term ${isPadding ? "padding" : ""}`}
        onPointerEnter={() => onPoint(term)}
        onPointerLeave={() => onPoint(undefined)}
      >
        <span class={isPadding ? "" : "value"}>{shown(value)}</span>·
        <span class={signOf(weight)}>{bracketed(weight)}</span>
      </span>
    </>
  );
}
