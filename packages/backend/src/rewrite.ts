import { firstInstruction, type Instruction, type Program } from "./program.ts";

/** Replaces each instruction of a program, or removes it where the callback returns nothing, and renumbers the values. */
export function rewrite(p: Program, replace: (step: Instruction, value: number) => Instruction | undefined): Program {
  const first = firstInstruction(p);
  const numbers = Array.from({ length: first + p.instructions.length }, (_, value) => value);
  const instructions: Instruction[] = [];
  p.instructions.forEach((step, i) => {
    const kept = replace(step, first + i);
    if (kept === undefined) return;
    numbers[first + i] = first + instructions.length;
    instructions.push({ ...kept, inputs: kept.inputs.map((value) => numbers[value]!) });
  });
  return {
    ...p,
    instructions,
    outputs: p.outputs.map((value) => numbers[value]!),
    updates: p.updates.map(({ variable, value }) => ({ variable, value: numbers[value]! })),
  };
}

/** Removes instructions whose value is never read, such as those that simplification bypassed. */
export function withoutUnread(p: Program): Program {
  const read = new Set([...p.outputs, ...p.updates.map(({ value }) => value)]);
  const first = firstInstruction(p);
  for (let i = p.instructions.length - 1; i >= 0; i--)
    if (read.has(first + i)) for (const value of p.instructions[i]!.inputs) read.add(value);
  return rewrite(p, (step, value) => (read.has(value) ? step : undefined));
}
