import { broadcastShapes, sameShape, runTraitsOf, type Instruction, type Shape, type Values } from "@convlens/backend";

/** Facts about a value while a program is made. */
export interface Value {
  readonly shape: Shape;
  /** Instruction that makes it. */
  readonly step?: Instruction;
  /** Value of all its elements, if they are known to be equal. */
  readonly splat?: number | undefined;
}

/** Returns the value of all elements of an array, if they are equal and few enough to compare. */
export const splatOf = (values: Values): number | undefined => (values.length === 1 ? values[0] : undefined);

/** Value of all elements of the result of an instruction, if it is known. */
export function splatAfter(step: Instruction, values: readonly Value[]): number | undefined {
  return step.operation === "broadcast" || step.operation === "reshape" ? values[step.inputs[0]!]!.splat : undefined;
}

/** Replaces stretched inputs of an instruction by the tensors before stretching, if the instruction broadcasts them itself. */
export function withoutBroadcasts(step: Instruction, values: readonly Value[]): Instruction {
  if (!runTraitsOf(step.operation).elementwise) return step;
  let inputs = step.inputs;
  step.inputs.forEach((input, i) => {
    const maker = values[input]!.step;
    if (maker?.operation !== "broadcast") return;
    const direct = inputs.with(i, maker.inputs[0]!);
    const shape = direct.map((value) => values[value]!.shape).reduce((a, b) => broadcastShapes(step.operation, a, b));
    if (sameShape(shape, step.shape)) inputs = direct;
  });
  return inputs === step.inputs ? step : { ...step, inputs };
}

/**
 * Returns the number of an existing value that equals the result of an instruction, if there is one: x · 1, x + 0, a reshape to
 * the same shape, the negative of a negative. (x · 0 is not 0 for NaN, and stays.)
 */
export function simplified(step: Instruction, values: readonly Value[]): number | undefined {
  const [a, b] = step.inputs as [number, number];
  const same = (value: number): boolean => sameShape(values[value]!.shape, step.shape);
  const pass = (value: number, other: number, neutral: number): number | undefined =>
    same(value) && values[other]!.splat === neutral ? value : undefined;
  switch (step.operation) {
    case "add":
      return pass(a, b, 0) ?? pass(b, a, 0);
    case "multiply":
      return pass(a, b, 1) ?? pass(b, a, 1);
    case "subtract":
      return pass(a, b, 0);
    case "divide":
    case "power":
      return pass(a, b, 1);
    case "reshape":
    case "broadcast":
      return same(a) ? a : undefined;
    case "negate": {
      const inner = values[a]!.step;
      return inner?.operation === "negate" ? inner.inputs[0] : undefined;
    }
    default:
      return undefined;
  }
}
