import { firstInstruction, type Instruction, type Program } from "./program.ts";

/** Replaces each instruction of a program, or removes it where the callback returns nothing, and renumbers the values. */
export function rewrite(p: Program, replace: (step: Instruction, value: number) => Instruction | undefined): Program {
  const first = firstInstruction(p);
  const numbers = new Map<number, number>();
  const numberOf = (value: number): number => numbers.get(value) ?? value;
  const instructions: Instruction[] = [];
  p.instructions.forEach((step, i) => {
    const kept = replace(step, first + i);
    if (kept === undefined) return;
    numbers.set(first + i, first + instructions.length);
    instructions.push({ ...kept, inputs: kept.inputs.map(numberOf) });
  });
  return {
    ...p,
    instructions,
    outputs: p.outputs.map(numberOf),
    updates: p.updates.map(({ variable, value }) => ({ variable, value: numberOf(value) })),
  };
}

/** Removes instructions whose value is never read, such as those that simplification bypassed. */
export function withoutUnread(p: Program): Program {
  const read = new Set([...p.outputs, ...p.updates.map(({ value }) => value)]);
  const end = firstInstruction(p) + p.instructions.length - 1;
  p.instructions.toReversed().forEach(({ inputs }, i) => {
    if (read.has(end - i)) for (const value of inputs) read.add(value);
  });
  return rewrite(p, (step, value) => (read.has(value) ? step : undefined));
}
