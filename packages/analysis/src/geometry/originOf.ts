import { offsetOf, placeOf, stepsOf } from "@convlens/backend";
import { asRecorded, type Recorded, type Tensor } from "@convlens/tensor";

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
  const at = placeOf(i ?? 0, t.shape);
  const [tensor] = t.inputs;
  const moved = (from: readonly number[]): Origin => ({
    tensor,
    number: i === undefined || from.some(Number.isNaN) ? undefined : offsetOf(from, stepsOf(tensor.shape)),
  });
  switch (t.operation) {
    case "reshape":
      return { tensor, number: i };
    case "transpose":
      return moved(t.attributes.order.map((_, axis) => at[t.attributes.order.indexOf(axis)]!));
    case "slice": {
      const { begin, step } = t.attributes;
      return moved(at.map((place, axis) => begin[axis]! + step[axis]! * place));
    }
    case "place": {
      const { begin, step } = t.attributes;
      return moved(
        tensor.shape.map((size, axis) => {
          const before = (at[axis]! - begin[axis]!) / step[axis]!;
          return Number.isInteger(before) && before >= 0 && before < size ? before : NaN;
        }),
      );
    }
    case "concat": {
      const { axis } = t.attributes;
      // Parts of different tensors have no common origin.
      if (new Set(t.inputs.map((x) => originOf(x, 0, operations).tensor)).size > 1) return undefined;
      let rest = at[axis]!;
      for (const part of t.inputs) {
        const size = part.shape[axis]!;
        if (rest < size)
          return {
            tensor: part,
            number: i === undefined ? undefined : offsetOf(at.with(axis, rest), stepsOf(part.shape)),
          };
        rest -= size;
      }
      return undefined;
    }
    default:
      return undefined;
  }
}
