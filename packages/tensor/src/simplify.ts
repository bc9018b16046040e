import { broadcastShapes, sameShape, traitsOf, type Instruction, type Shape, type Values } from "@convlens/backend";

/** What is known of a value while a program is written. */
export interface Value {
  readonly shape: Shape;
  /** The instruction that makes it. */
  readonly step?: Instruction;
  /** The number that all its elements are, where that is known. */
  readonly splat?: number | undefined;
}

/** The number that all of an array are, if it is short enough to look. */
export const splatOf = (values: Values): number | undefined => (values.length === 1 ? values[0] : undefined);

/** The splat of what an instruction makes. */
export function splatAfter(step: Instruction, values: readonly Value[]): number | undefined {
  return step.operation === "broadcast" || step.operation === "reshape" ? values[step.inputs[0]!]!.splat : undefined;
}

/** The instruction with each stretched input as it was before, if the others make it stretch that by itself. */
export function withoutBroadcasts(step: Instruction, values: readonly Value[]): Instruction {
  if (!traitsOf(step.operation).elementwise) return step;
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
 * The number of a value that is what this instruction would make, if there is one: x · 1, x + 0, a reshape to the same
 * shape, the negative of a negative. (x · 0 is not 0 for a NaN, and stays.)
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
