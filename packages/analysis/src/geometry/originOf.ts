import { offsetOf, placeOf, stepsOf } from "@convlens/backend";
import { asRecorded, type Recorded, type Tensor } from "@convlens/tensor";
import { isUnit } from "./inputsSeen.ts";
import { sectionOf, throughView, transposeOf } from "./view.ts";

/** An element of a tensor; no number for a zero that was put around it. */
interface Origin {
  readonly tensor: Tensor;
  readonly number: number | undefined;
}

/** Traces element `i` of a tensor back through those of these operations that only moved it. */
export function originOf(t: Tensor, i: number, operations: readonly Tensor[]): Origin {
  let [tensor, number]: [Tensor, number | undefined] = [t, i];
  while (operations.includes(tensor)) {
    const made = asRecorded(tensor);
    const origin: Origin | undefined = made && stepBack(made, number, operations);
    if (origin === undefined) return { tensor, number };
    ({ tensor, number } = origin);
  }
  return { tensor, number };
}

/** Returns the input that element `i` was moved from and its index there; `undefined` if the operation does more than move. */
function stepBack(t: Recorded, i: number | undefined, operations: readonly Tensor[]): Origin | undefined {
  const [tensor] = t.inputs;
  const to = (number: (i: number) => number | undefined): Origin => ({
    tensor,
    number: i === undefined ? undefined : number(i),
  });
  switch (t.operation) {
    case "reshape":
      return { tensor, number: i };
    case "transpose":
      return to((at) => throughView(at, t.shape, transposeOf(t)));
    case "slice":
      return to((at) => throughView(at, t.shape, sectionOf(tensor.shape, t.attributes)));
    case "place": {
      const { begin, step } = t.attributes;
      return to((at) => {
        const from = placeOf(at, t.shape).map((place, axis) => (place - begin[axis]!) / step[axis]!);
        return isUnit(tensor.shape, from) ? offsetOf(from, stepsOf(tensor.shape)) : undefined;
      });
    }
    case "concat": {
      const { axis } = t.attributes;
      // Parts of different tensors have no common origin.
      if (new Set(t.inputs.map((x) => originOf(x, 0, operations).tensor)).size > 1) return undefined;
      let from = placeOf(i ?? 0, t.shape);
      for (const part of t.inputs) {
        if (isUnit(part.shape, from))
          return { tensor: part, number: i === undefined ? undefined : offsetOf(from, stepsOf(part.shape)) };
        from = from.with(axis, from[axis]! - part.shape[axis]!);
      }
      return undefined;
    }
    default:
      return undefined;
  }
}
