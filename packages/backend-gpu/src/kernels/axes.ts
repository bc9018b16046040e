import type { Shape } from "@convlens/backend";

/** Axes of an output, outermost first: their sizes, and the steps of the inputs along each. */
export interface Axes {
  readonly sizes: readonly number[];
  /** For each input, the step along each axis, in elements. */
  readonly steps: readonly (readonly number[])[];
}

/** The axes of a shape, without those of one element. Neighbouring axes are joined if all inputs have even steps there. */
export function joinedAxes(shape: Shape, steps: readonly (readonly number[])[]): Axes {
  const axes: { size: number; steps: readonly number[] }[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const own = { size, steps: steps.map((each) => each[axis]!) };
    const outer = axes.at(-1);
    if (outer?.steps.every((step, i) => step === own.steps[i]! * size))
      axes.splice(-1, 1, { size: outer.size * size, steps: own.steps });
    else axes.push(own);
  });
  return { sizes: axes.map(({ size }) => size), steps: steps.map((_, i) => axes.map((axis) => axis.steps[i]!)) };
}

/**
 * Statements that split the index of an element into its position along each axis.
 *
 * @param from - The index of the element, as an expression.
 * @param sizes - Names of the positions, outermost first, and the size of each axis.
 */
export function places(from: string, sizes: Readonly<Record<string, number>>): string {
  const names = Object.keys(sizes);
  let rest = from;
  const statements: string[] = [];
  for (const name of names.slice(1).reverse()) {
    const size = sizes[name]!;
    const outer = `${name}Outer`;
    statements.push(`const ${outer} = quotient(${rest}, ${size});`, `const ${name} = ${rest} - ${outer} * ${size};`);
    rest = outer;
  }
  if (names.length > 0) statements.push(`const ${names[0]!} = ${rest};`);
  return statements.join("\n");
}

/** `start + position · step + …` as an expression, for positions `a0`, `a1`, … along axes. */
export function indexOf(
  steps: readonly number[],
  { start = 0, name = "a" }: { readonly start?: number; readonly name?: string } = {},
): string {
  const terms = steps.flatMap((step, axis) =>
    step === 0 ? [] : [step === 1 ? `${name}${axis}` : `${name}${axis} * ${literal(step)}`],
  );
  if (start !== 0 || terms.length === 0) terms.unshift(literal(start));
  return terms.join(" + ");
}

/** A number as source text. */
export const literal = (x: number): string => (x < 0 ? `(${x})` : `${x}`);

/** Positions `a0`, `a1`, … along axes of these sizes. */
export const placesOf = (from: string, sizes: readonly number[], name = "a"): string =>
  places(from, Object.fromEntries(sizes.map((size, axis) => [`${name}${axis}`, size])));
