import {
  firstInstruction,
  rewrite,
  shapesOf,
  type Backend,
  type Instruction,
  type OperationName,
  type Program,
} from "@convlens/backend";

/** A fusion of instruction `before` and instruction `after`, which reads its result as the first input. */
interface Fusion {
  readonly before: OperationName;
  readonly after: OperationName;
  readonly fused: OperationName;
  /** Shape of the second input of `after`: a bias has one element for each filter. */
  readonly isBias?: true;
}

const fusions: readonly Fusion[] = [
  { before: "conv2d", after: "add", fused: "conv2dBias", isBias: true },
  { before: "conv2dBias", after: "relu", fused: "conv2dBiasRelu" },
];

/**
 * Joins instructions that a backend has one kernel for, where the value between them has no other reader. It works on the
 * finished program, after differentiation, so that it is only a fast path.
 */
export function fuse(program: Program, backend: Backend): Program {
  const joined = fusions.filter(({ fused }) => backend.supports(fused)).reduce(applyFusion, program);
  return backend.join?.(joined) ?? joined;
}

function applyFusion(p: Program, { before, after, fused, isBias }: Fusion): Program {
  const first = firstInstruction(p);
  const shapes = shapesOf(p);
  const readers = shapes.map(() => 0);
  for (const value of [
    ...p.instructions.flatMap((step) => step.inputs),
    ...p.outputs,
    ...p.updates.map((update) => update.value),
  ])
    readers[value]!++;

  const joined = new Map<number, Instruction>();
  const gone = new Set<number>();
  p.instructions.forEach((step, i) => {
    const [from, bias] = step.inputs as [number, number];
    const inner = step.operation === after ? p.instructions[from - first] : undefined;
    if (inner === undefined || inner.operation !== before || readers[from] !== 1) return;
    if (isBias && !(shapes[bias]!.length === 1 && shapes[bias]![0] === step.shape.at(-1))) return;
    gone.add(from);
    const inputs = [...inner.inputs, ...step.inputs.slice(1)];
    joined.set(first + i, { ...step, operation: fused, inputs, attributes: inner.attributes });
  });
  return rewrite(p, (step, value) => (gone.has(value) ? undefined : (joined.get(value) ?? step)));
}
