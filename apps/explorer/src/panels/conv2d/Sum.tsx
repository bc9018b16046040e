import type { JSX } from "preact";
import { shown } from "../../draw/shown.ts";
import type { Pointed } from "./grids.tsx";
import { biasAt, depthOf, firstChannel, termsOf, type Cell, type Conv2dState, type Term } from "./model.ts";

/** Above so many products in a slice those that are 0 are only counted. */
const ALL_SHOWN = 9;

const sign = (value: number): string => (value < 0 ? "negative" : value > 0 ? "positive" : "");

/** What one output is: its products, slice by slice, their sums, and the bias. */
export function Sum(props: {
  readonly state: Conv2dState;
  readonly output: Cell;
  /** What the worker computed, to end with. */
  readonly computed: number;
  readonly onPoint: (to?: Pointed) => void;
}): JSX.Element {
  const { state, output, computed, onPoint } = props;
  const terms = termsOf(state, output);
  const bias = biasAt(state, output.channel);
  const sums = Array.from({ length: depthOf(state) }, (_, depth) =>
    terms.filter(({ tap }) => tap.channel === depth).reduce((sum, { value, weight }) => sum + value * weight, 0),
  );
  return (
    <div class="sum aligned">
      {sums.map((sum, depth) => {
        const own = terms.filter(({ tap }) => tap.channel === depth);
        const written = own.length > ALL_SHOWN ? own.filter(({ value, weight }) => value * weight !== 0) : own;
        const rest = own.length - written.length;
        return (
          <div key={depth} style={{ "--at": firstChannel(state, output.channel) + depth + 1 }}>
            <span class="name">slice {firstChannel(state, output.channel) + depth + 1}</span>
            {written.map((term, i) => (
              <Product key={i} term={term} isFirst={i === 0} onPoint={onPoint} />
            ))}
            {rest > 0 && (
              <span class="rest">
                {written.length > 0 ? " + " : ""}
                {rest} that are 0
              </span>
            )}
            <span> = {shown(sum)}</span>
          </div>
        );
      })}
      <div class="total" style={{ "--at": state.channels + 1 }}>
        <span class="name">sum</span>
        {sums.map((sum) => (sum < 0 ? `(${shown(sum)})` : shown(sum))).join(" + ")} +{" "}
        <span class={`bias ${sign(bias)}`}>{bias < 0 ? `(${shown(bias)})` : shown(bias)}</span> = {shown(computed)}
      </div>
    </div>
  );
}

function Product({
  term,
  isFirst,
  onPoint,
}: {
  readonly term: Term;
  readonly isFirst: boolean;
  readonly onPoint: (to?: Pointed) => void;
}): JSX.Element {
  const { at, tap, value, weight, isPadding } = term;
  return (
    <>
      {isFirst ? "" : " + "}
      <span
        class={`term ${isPadding ? "padding" : ""}`}
        onPointerEnter={() => onPoint({ kind: "term", at, tap })}
        onPointerLeave={() => onPoint(undefined)}
      >
        <span class={isPadding ? "" : "value"}>{shown(value)}</span>·
        <span class={sign(weight)}>{weight < 0 ? `(${shown(weight)})` : shown(weight)}</span>
      </span>
    </>
  );
}
