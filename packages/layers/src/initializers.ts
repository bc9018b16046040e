import { sizeOf, type Random, type Shape } from "@convlens/backend";

/** Fan-in and fan-out: the numbers that one output depends on, and the outputs that one number of the input affects. */
export interface Fans {
  readonly in: number;
  readonly out: number;
}

/** Makes the first values of a parameter. */
export type Initializer = (shape: Shape, fans: Fans, random: Random) => ArrayLike<number>;

const normal =
  (variance: (fans: Fans) => number): Initializer =>
  (shape, fans, random) =>
    random.normal(sizeOf(shape), 0, Math.sqrt(variance(fans)));

/** A uniform distribution on ±a has the variance a²/3. */
const uniform =
  (variance: (fans: Fans) => number): Initializer =>
  (shape, fans, random) => {
    const limit = Math.sqrt(3 * variance(fans));
    return random.uniform(sizeOf(shape), -limit, limit);
  };

/** Normal with variance 2 / fan-in, which keeps the variance of activations through ReLUs (He 2015). */
export const heNormal: Initializer = /* @__PURE__ */ normal((fans) => 2 / fans.in);
/** Uniform with variance 2 / fan-in. */
export const heUniform: Initializer = /* @__PURE__ */ uniform((fans) => 2 / fans.in);
/** Normal with variance 2 / (fan-in + fan-out), for tanh and sigmoid (Glorot 2010). */
export const glorotNormal: Initializer = /* @__PURE__ */ normal((fans) => 2 / (fans.in + fans.out));
/** Uniform with variance 2 / (fan-in + fan-out). */
export const glorotUniform: Initializer = /* @__PURE__ */ uniform((fans) => 2 / (fans.in + fans.out));
/** Normal with variance 1 / fan-in, for selu (LeCun 1998). */
export const lecunNormal: Initializer = /* @__PURE__ */ normal((fans) => 1 / fans.in);
/** Uniform with variance 1 / fan-in. */
export const lecunUniform: Initializer = /* @__PURE__ */ uniform((fans) => 1 / fans.in);

/** Returns an initializer that gives the same number everywhere. */
export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);
/** Zeros, for biases. */
export const zerosInitializer: Initializer = /* @__PURE__ */ constant(0);
/** Ones, for scales. */
export const onesInitializer: Initializer = /* @__PURE__ */ constant(1);

/**
 * Orthonormal columns, or rows if there are fewer, which keep the length of vectors (Saxe 2014). The last axis counts as
 * columns, all others together as rows.
 */
export const orthogonal: Initializer = (shape, _, random) => {
  const columns = shape.at(-1) ?? 1;
  const rows = sizeOf(shape) / columns || 0;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const v = Float64Array.from(random.normal(length));
    // Gram–Schmidt, twice, since the first pass leaves rounding errors.
    for (let pass = 0; pass < 2; pass++)
      for (const u of vectors) {
        const along = v.reduce((sum, x, i) => sum + x * u[i]!, 0);
        for (let i = 0; i < length; i++) v[i]! -= along * u[i]!;
      }
    const norm = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
    vectors.push(v.map((x) => x / norm));
  }
  return Float32Array.from({ length: rows * columns }, (_unused, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return rows < columns ? vectors[row]![column]! : vectors[column]![row]!;
  });
};
