import {
  firstInstruction,
  rewrite,
  shapesOf,
  sizeOf,
  readersOf,
  type Conv2dGeometry,
  type ConvolutionGradients,
  type Instruction,
  type OperationName,
  type Pool2dGeometry,
  type Program,
} from "@convlens/backend";

/**
 * Replaces the gradients of a convolution, with respect to its input, its filters and its bias, by one instruction with several
 * results, since all of them begin with the same transform of the gradient of the output. The gradients of relu and max pooling
 * after the convolution become part of it.
 *
 * @param mayJoin - Whether there is a kernel for a convolution of this geometry.
 */
export function joinGradients(p: Program, mayJoin: (g: Conv2dGeometry) => boolean): Program {
  const values = new Values(p);
  const replaced = new Map<number, Instruction | undefined>();
  p.instructions.forEach((step, i) => {
    if (!isStep(step, "conv2dInputGradient")) return;
    const found = values.gradientsWith(values.first + i, step, mayJoin);
    // Two convolutions whose results are added have the same gradient, and one sum for both biases.
    if ([...found.keys()].every((value) => !replaced.has(value)))
      for (const [value, instruction] of found) replaced.set(value, instruction);
  });
  return rewrite(p, (step, value) => (replaced.has(value) ? replaced.get(value) : step));
}

/** Whether an instruction has this operation. */
const isStep = <K extends OperationName>(step: Instruction | undefined, operation: K): step is Instruction<K> =>
  step?.operation === operation;

/** The values of a program, and the instructions that read them. */
class Values {
  readonly first: number;
  readonly #program: Program;
  readonly #sizes: readonly number[];
  readonly #readersOf: ReturnType<typeof readersOf>;

  constructor(p: Program) {
    this.first = firstInstruction(p);
    this.#program = p;
    this.#sizes = shapesOf(p).map(sizeOf);
    this.#readersOf = readersOf(p);
  }

  #step(value: number): Instruction | undefined {
    return this.#program.instructions[value - this.first];
  }

  /** The instruction that computes a value, if it is of this kind, and only `readers` read the value. */
  #inner<K extends OperationName>(value: number, operation: K, readers: readonly number[]): Instruction<K> | undefined {
    const step = this.#step(value);
    const isOnlyHere = this.#readersOf(value).every((reader) => readers.includes(reader));
    return isStep(step, operation) && isOnlyHere ? step : undefined;
  }

  /** The instructions that replace the gradient of an input and those that are joined with it; `undefined` for removed ones. */
  gradientsWith(
    value: number,
    step: Instruction<"conv2dInputGradient">,
    mayJoin: (g: Conv2dGeometry) => boolean,
  ): Map<number, Instruction | undefined> {
    const none = new Map<number, Instruction | undefined>();
    const { geometry } = step.attributes;
    const [dy, filters] = step.inputs as [number, number];
    const ofFilters = this.#readersOf(dy).find((reader) => this.#isFilterGradient(reader, dy, geometry));
    if (ofFilters === undefined || !mayJoin(geometry)) return none;
    const ofBias = this.#readersOf(dy).find((reader) => this.#isBiasGradient(reader));
    const results = [
      { value, name: "input" as const },
      { value: ofFilters, name: "filters" as const },
      ...(ofBias === undefined ? [] : [{ value: ofBias, name: "bias" as const }]),
    ].sort((a, b) => a.value - b.value);
    const through = this.#through(
      dy,
      results.map((result) => result.value),
    );
    const x = this.#step(ofFilters)!.inputs[1]!;
    const { dy: given, y, taken, relu, pool } = through;
    const inputs = [given, x, filters, ...(y === undefined ? [] : [y])];
    // All inputs must be computed before the first result is read.
    const own = results[0]!.value;
    if (inputs.some((input) => input >= own)) return none;
    const attributes: ConvolutionGradients = { geometry, relu, pool, results: results.map(({ name }) => name) };
    for (const gone of taken) none.set(gone, undefined);
    results.forEach((result, index) => {
      const before = this.#step(result.value)!;
      none.set(
        result.value,
        index === 0
          ? { ...before, operation: "conv2dGradients", inputs, attributes }
          : { ...before, operation: "result", inputs: [own], attributes: { index } },
      );
    });
    return none;
  }

  #isFilterGradient(value: number, dy: number, geometry: Conv2dGeometry): boolean {
    const step = this.#step(value);
    if (!isStep(step, "conv2dFilterGradient") || step.inputs[0] !== dy) return false;
    return JSON.stringify(step.attributes.geometry) === JSON.stringify(geometry);
  }

  /** A sum over all axes but that of the filters. */
  #isBiasGradient(value: number): boolean {
    const step = this.#step(value);
    return isStep(step, "sum") && step.attributes.axes.join() === "0,1,2";
  }

  /** The operations after the convolution whose gradients can be joined, because only the results read them. */
  #through(
    dy: number,
    results: readonly number[],
  ): Pick<ConvolutionGradients, "relu" | "pool"> & { dy: number; y: number | undefined; taken: number[] } {
    const relu = this.#reluBefore(dy, results);
    const given = relu?.dy ?? dy;
    const pool = this.#inner(given, "maxPool2dGradient", relu === undefined ? results : [dy]);
    const [pooled, y] = (pool?.inputs ?? []) as [number, number];
    const isPool = pool !== undefined && isHalving(pool.attributes.geometry) && (relu === undefined || relu.y === y);
    return {
      dy: isPool ? pooled : given,
      y: isPool ? y : relu?.y,
      taken: [...(relu?.taken ?? []), ...(isPool ? [given] : [])],
      relu: relu !== undefined,
      pool: isPool,
    };
  }

  /** `where(y > 0, dy, 0)`: the gradient of relu. */
  #reluBefore(value: number, results: readonly number[]): { dy: number; y: number; taken: number[] } | undefined {
    const choice = this.#inner(value, "where", results);
    const [gate, dy, other] = (choice?.inputs ?? []) as [number, number, number];
    const step = choice && this.#step(gate);
    if (step?.operation !== "greater" || !this.#isZero(other) || this.#sizes[dy] !== this.#sizes[value])
      return undefined;
    const [y, zero] = step.inputs as [number, number];
    if (!this.#isZero(zero) || this.#sizes[y] !== this.#sizes[value]) return undefined;
    const isOnlyHere = this.#readersOf(gate).every((reader) => reader === value);
    return { dy, y, taken: isOnlyHere ? [value, gate] : [value] };
  }

  #isZero(value: number): boolean {
    const { feeds, variables, constants } = this.#program;
    const constant = constants[value - feeds.length - variables.length];
    return constant !== undefined && constant.values.length === 1 && constant.values[0] === 0;
  }
}

/** Whether windows of 2 × 2 lie side by side in the image. */
const isHalving = ({ height, width }: Pool2dGeometry): boolean =>
  [height, width].every(
    (s) => s.window === 2 && s.stride === 2 && s.dilation === 1 && s.before === 0 && 2 * s.output <= s.input,
  );
