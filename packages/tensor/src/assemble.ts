import { type Backend, type Instruction, type Program, type Values, withoutUnread } from "@convlens/backend";
import { fuse } from "./fuse.ts";
import { simplified, splatAfter, withoutBroadcasts, splatOf, type Value } from "./simplify.ts";
import { sorted } from "./sorted.ts";
import { textOf } from "./structure.ts";
import { within } from "./scope.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/** Recorded tensors from which a program is made. */
export interface Recipe {
  readonly outputs: readonly Tensor[];
  readonly updates: ReadonlyMap<Variable, Tensor>;
  /** Leaves whose values are passed at each run, in this order; other leaves become constants. */
  readonly feeds: readonly Tensor[];
  /** Variables, in the order in which a run receives their memory. */
  readonly variables: readonly Variable[];
}

/** Lowers composites that the backend does not support. */
function lowering(backend: Backend): { inputsOf: (t: Tensor) => readonly Tensor[]; lowered: Map<Tensor, Tensor> } {
  const lowered = new Map<Tensor, Tensor>();
  const inputsOf = (t: Tensor): readonly Tensor[] => {
    if (t.known !== undefined || t.source.kind !== "operation") return [];
    const { operation, inputs, attributes } = t.source;
    if (operation.lower === undefined || (operation.name !== "copy" && backend.supports(operation.name))) return inputs;
    let low = lowered.get(t);
    if (low === undefined) lowered.set(t, (low = within(t.scope, () => operation.lower!(inputs, attributes))));
    return [low];
  };
  return { inputsOf, lowered };
}

/** Appends instructions: equal ones once, and none that changes nothing. */
class Writer {
  readonly instructions: Instruction[] = [];
  readonly #values: Value[];
  readonly #same = new Map<string, number>();

  constructor(values: Value[]) {
    this.#values = values;
  }

  write(given: Instruction): number {
    const step = withoutBroadcasts(given, this.#values);
    const before = simplified(step, this.#values);
    if (before !== undefined) return before;
    const key = `${step.operation}|${step.inputs.join()}|${textOf(step.attributes)}`;
    let value = this.#same.get(key);
    if (value === undefined) {
      value = this.#values.push({ shape: step.shape, step, splat: splatAfter(step, this.#values) }) - 1;
      this.#same.set(key, value);
      this.instructions.push(step);
    }
    return value;
  }

  /** Whether a value is the memory of a variable, possibly reshaped. */
  isMemory(value: number, variables: { readonly from: number; readonly to: number }): boolean {
    let at = value;
    for (let step = this.#values[at]!.step; step?.operation === "reshape"; step = this.#values[at]!.step)
      at = step.inputs[0]!;
    return at >= variables.from && at < variables.to;
  }
}

/** Makes a program from recorded tensors. */
export function assemble({ outputs, updates, feeds, variables }: Recipe, backend: Backend): Program {
  const { inputsOf, lowered } = lowering(backend);
  const order = sorted([...outputs, ...updates.values()], inputsOf);
  const number = new Map<Tensor, number>();
  feeds.forEach((t, i) => number.set(t, i));
  const memories = { from: feeds.length, to: feeds.length + variables.length };
  const memoryOf = new Map(variables.map((variable, i) => [variable, memories.from + i]));
  const constants = constantsOf(order, number, memories.to);
  const writer = new Writer([
    ...feeds.map(({ shape }) => ({ shape })),
    ...variables.map(({ shape }) => ({ shape })),
    ...constants.map(({ shape, values }) => ({ shape, splat: splatOf(values) })),
  ]);

  for (const t of order) {
    if (number.has(t)) continue;
    const { source } = t;
    const low = lowered.get(t);
    if (low !== undefined) number.set(t, number.get(low)!);
    else if (source.kind === "read") number.set(t, memoryOf.get(source.variable)!);
    else if (source.kind === "operation")
      number.set(
        t,
        writer.write({
          operation: source.operation.name,
          inputs: source.inputs.map((x) => number.get(x)!),
          attributes: source.attributes,
          shape: t.shape,
          ...(t.site !== undefined && { site: t.site }),
          ...(t.scope !== undefined && { scope: t.scope }),
        }),
      );
  }

  const program: Program = {
    feeds: feeds.map((t) => t.shape),
    variables: variables.map((variable) => variable.shape),
    variableNames: variables.map((variable) => variable.name),
    constants,
    outputs: outputs.map((t) => number.get(t)!),
    updates: [...updates]
      .filter(([variable, t]) => number.get(t) !== memoryOf.get(variable))
      .map(([variable, t]) => {
        const value = number.get(t)!;
        // All updates happen at once, so a value in the memory of another variable is copied before that changes.
        const safe = writer.isMemory(value, memories)
          ? writer.write({ operation: "copy", inputs: [value], attributes: {}, shape: variable.shape })
          : value;
        return { variable: memoryOf.get(variable)! - memories.from, value: safe };
      }),
    instructions: writer.instructions,
  };
  return fuse(withoutUnread(program), backend);
}

/** Leaves that are not fed, with equal values once, numbered from `first`. */
function constantsOf(
  order: readonly Tensor[],
  number: Map<Tensor, number>,
  first: number,
): { shape: readonly number[]; values: Values }[] {
  const constants: { shape: readonly number[]; values: Values }[] = [];
  for (const t of order)
    if (t.known !== undefined && !number.has(t))
      number.set(t, first + constants.push({ shape: t.shape, values: t.known }) - 1);
  return constants;
}
