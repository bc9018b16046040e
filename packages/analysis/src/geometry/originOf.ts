import { stepsOf, type Operations, type Shape } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";

/** The place of number `i` in a tensor of this shape. */
export const placeOf = (i: number, shape: Shape): number[] => {
  const steps = stepsOf(shape);
  return steps.map((step, axis) => Math.floor(i / step) % shape[axis]!);
};

/**
 * Where number `i` of a tensor comes from, as long as it was only moved by these operations; no number, if it is a zero that was
 * put around.
 */
export function originOf(
  t: Tensor,
  i: number,
  operations: readonly Tensor[],
): { readonly tensor: Tensor; readonly number: number | undefined } {
  let [tensor, number]: [Tensor, number | undefined] = [t, i];
  while (operations.includes(tensor)) {
    const at: number[] = placeOf(number ?? 0, tensor.shape);
    const shape: Shape = tensor.inputs[0]!.shape;
    const steps = stepsOf(shape);
    let from: readonly (number | undefined)[] = at;
    let source: Tensor = tensor.inputs[0]!;
    switch (tensor.operation) {
      case "reshape":
        tensor = source;
        continue;
      case "transpose": {
        const { order } = tensor.attributes as Operations["transpose"];
        from = order.map((_, axis) => at[order.indexOf(axis)]!);
        break;
      }
      case "slice": {
        const { begin, step } = tensor.attributes as Operations["slice"];
        from = at.map((place, axis) => begin[axis]! + step[axis]! * place);
        break;
      }
      case "place": {
        const { begin, step } = tensor.attributes as Operations["place"];
        from = at.map((place, axis) => {
          const before = (place - begin[axis]!) / step[axis]!;
          return Number.isInteger(before) && before >= 0 && before < shape[axis]! ? before : undefined;
        });
        break;
      }
      case "concat": {
        const { axis } = tensor.attributes as Operations["concat"];
        // Parts of different tensors have no origin in common.
        if (new Set(tensor.inputs.map((x) => originOf(x, 0, operations).tensor)).size > 1) return { tensor, number };
        let rest = at[axis]!;
        let part = 0;
        while (rest >= tensor.inputs[part]!.shape[axis]!) rest -= tensor.inputs[part++]!.shape[axis]!;
        source = tensor.inputs[part]!;
        const own = stepsOf(source.shape);
        number =
          number === undefined ? undefined : at.with(axis, rest).reduce((sum, place, k) => sum + place * own[k]!, 0);
        tensor = source;
        continue;
      }
      default:
        return { tensor, number };
    }
    const isInside = number !== undefined && from.every((place) => place !== undefined);
    number = isInside ? from.reduce<number>((sum, place, axis) => sum + place! * steps[axis]!, 0) : undefined;
    tensor = source;
  }
  return { tensor, number };
}
