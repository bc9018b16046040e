import { Dropout } from "@convlens/layers";
import { dropout, notEqual, ones, where, divide } from "@convlens/tensor";
import type { NodeCall, Operator } from "../node.ts";
import { Constant, Live, type Value } from "../value.ts";

/** The share that is dropped: an attribute up to version 11, an input since. */
const rateOf = (call: NodeCall): number =>
  call.version >= 12 ? (call.knownNumber(1, "the ratio") ?? 0.5) : call.float("ratio", 0.5);

/** Whether the file itself trains. */
const trains = (call: NodeCall): boolean => call.version >= 12 && (call.knownNumber(2, "training_mode") ?? 0) !== 0;

function record(call: NodeCall): readonly (Value | undefined)[] {
  const x = call.input(0);
  if (!(x instanceof Live)) return [x, undefined];
  const rate = rateOf(call);
  if (!trains(call) || rate === 0)
    return [x, call.hasOutput(1) ? new Live(ones(x.tensor.shape), x.layout, "bool", x.batch) : undefined];
  // Kept numbers are divided by the share that is kept.
  const kept = notEqual(dropout(ones(x.tensor.shape), rate), 0);
  return [x.with(where(kept, divide(x.tensor, 1 - rate), 0)), x.with(kept, "bool")];
}

export const dropouts: Readonly<Record<string, Operator>> = {
  Dropout: {
    since: [1, 6, 7, 10, 12, 13, 22],
    layer: (call) => {
      const isPlain =
        !call.hasOutput(1) && call.inputs.slice(1).every((value) => value === undefined || value instanceof Constant);
      if (!isPlain || trains(call)) return undefined;
      const rate = rateOf(call);
      return rate >= 0 && rate < 1 ? { layer: new Dropout({ rate }), layout: undefined } : undefined;
    },
    record,
  },
};
