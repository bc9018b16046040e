import type { Local } from "../../../assembler/expression.ts";
import { f32x4, type Vector } from "../../../assembler/instructions.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";

// Winograd's algorithm (Lavin and Gray 2015) computes m × m outputs of filters of r × r taps with 36 products, where m + r = 7. A
// convolution of short rows is a product of polynomials. Both are evaluated at five points and at infinity, multiplied there, and
// interpolated. In two dimensions the same is done along both axes: y = Aᵀ [(G w Gᵀ) · (Bᵀ x B)] A. The gradient of filters is
// dw = Gᵀ [(Bᵀ x B) · (A dy Aᵀ)] G.

/** A transform along one axis, of four channels at a time. */
export type Transform = (f: FunctionWriter, x: readonly Vector[]) => Vector[];

/** Values along an edge of a transformed tile. */
export const EDGE = 6;
/** Products of a tile. */
export const PLANES: number = EDGE * EDGE;

const times = (f: FunctionWriter, x: number, v: Vector): Vector => f32x4.mul(f.constant4(x), v);
const keep = (f: FunctionWriter, v: Vector): Local<"v128"> => f.keep(v);

/** Bᵀ: the transform of the input, for products at the points 0, 1, −1, 2, −2 and ∞. */
export const inputTransform: Transform = (f, x) => {
  const [d0, d1, d2, d3, d4, d5] = x as [Vector, Vector, Vector, Vector, Vector, Vector];
  const axpy = (a: number, b: Vector, c: Vector): Vector => f.multiplyAdd4(f.constant4(a), b, c);
  const even = keep(f, axpy(-4, d2, d4));
  const odd = keep(f, axpy(-4, d1, d3));
  const far = keep(f, f32x4.sub(d4, d2));
  const half = keep(f, f32x4.sub(d3, d1));
  const slope = keep(f, f32x4.add(half, half));
  return [
    axpy(4, d0, axpy(-5, d2, d4)),
    f32x4.add(even, odd),
    f32x4.sub(even, odd),
    f32x4.add(far, slope),
    f32x4.sub(far, slope),
    axpy(4, d1, axpy(-5, d3, d5)),
  ];
};

/** B: the gradient of the input, from that of the six products. */
export const inputAdjoint: Transform = (f, x) => {
  const [p0, p1, p2, p3, p4, p5] = x as [Vector, Vector, Vector, Vector, Vector, Vector];
  const axpy = (a: number, b: Vector, c: Vector): Vector => f.multiplyAdd4(f.constant4(a), b, c);
  const [near, far] = [keep(f, f32x4.add(p1, p2)), keep(f, f32x4.add(p3, p4))];
  const [slope, half] = [keep(f, f32x4.sub(p1, p2)), keep(f, f32x4.sub(p3, p4))];
  const steep = keep(f, f32x4.add(half, half));
  return [
    times(f, 4, p0),
    f32x4.sub(times(f, 4, f32x4.sub(p5, slope)), steep),
    f32x4.sub(axpy(-5, p0, times(f, -4, near)), far),
    axpy(-5, p5, f32x4.add(slope, steep)),
    f32x4.add(p0, f32x4.add(near, far)),
    p5,
  ];
};

/** The values of the polynomial x₀ + x₁ p + x₂ p² + … at the points 0, ±1, ±2, and its last coefficient. */
function evaluate(f: FunctionWriter, x: readonly Vector[], scales = [1, 1, 1]): Vector[] {
  const [atZero, atOne, atTwo] = scales as [number, number, number];
  const scaled = (scale: number, v: Vector): Vector => (scale === 1 ? v : times(f, scale, v));
  /** Σ x_i pⁱ over even or odd i. */
  const part = (first: 0 | 1, p: 1 | 2, scale: number): Vector => {
    let total: Vector | undefined;
    for (let i = x.length - 1 - ((x.length - 1 - first) % 2); i >= first; i -= 2) {
      const factor = scale * p ** i;
      if (total === undefined) total = scaled(factor, x[i]!);
      else if (factor === 1) total = f32x4.add(x[i]!, total);
      else total = f.multiplyAdd4(f.constant4(factor), x[i]!, total);
    }
    return total!;
  };
  const pair = (p: 1 | 2, scale: number): [Vector, Vector] => {
    const [even, odd] = [keep(f, part(0, p, scale)), keep(f, part(1, p, scale))];
    return [f32x4.add(even, odd), f32x4.sub(even, odd)];
  };
  return [scaled(atZero, x[0]!), ...pair(1, atOne), ...pair(2, atTwo), x.at(-1)!];
}

/** The adjoint of {@link evaluate}: `count` coefficients from the values at the points. */
function combine(f: FunctionWriter, x: readonly Vector[], count: number, scales = [1, 1, 1]): Vector[] {
  const [atZero, atOne, atTwo] = scales as [number, number, number];
  const [x0, x1, x2, x3, x4, x5] = x as [Vector, Vector, Vector, Vector, Vector, Vector];
  const pairs = [
    [keep(f, f32x4.add(x1, x2)), keep(f, f32x4.add(x3, x4))],
    [keep(f, f32x4.sub(x1, x2)), keep(f, f32x4.sub(x3, x4))],
  ] as const;
  return Array.from({ length: count }, (_, i) => {
    const [one, two] = pairs[(i % 2) as 0 | 1];
    const ones = atOne === 1 ? one : times(f, atOne, one);
    const factor = atTwo * 2 ** i;
    let total = factor === 1 ? f32x4.add(ones, two) : f.multiplyAdd4(f.constant4(factor), two, ones);
    if (i === 0) total = atZero === 1 ? f32x4.add(x0, total) : f.multiplyAdd4(f.constant4(atZero), x0, total);
    return i === count - 1 ? f32x4.add(x5, total) : total;
  });
}

/** Scales of the values at the points: 1 / Π (p − q) over the other points q, since Bᵀ has no fractions. */
const SCALES = [1 / 4, -1 / 6, 1 / 24];

/** Aᵀ: `outputs` numbers from the six products. */
export const outputTransform =
  (outputs: number): Transform =>
  (f, x) =>
    combine(f, x, outputs);
/** A: the gradient of the six products, from that of the outputs. */
export const outputAdjoint: Transform = (f, x) => evaluate(f, x);
/** G: the transform of filters. */
export const filterTransform: Transform = (f, x) => evaluate(f, x, SCALES);
/** Gᵀ: the gradients of `taps` filter taps, from the six products. */
export const filterAdjoint =
  (taps: number): Transform =>
  (f, x) =>
    combine(f, x, taps, SCALES);

/** Writes: transforms a square of numbers along both axes, columns first. Each result is passed on at once. */
export function transformSquare(
  f: FunctionWriter,
  transform: Transform,
  size: number,
  read: (row: number, column: number) => Vector,
  write: (row: number, column: number, value: Vector) => void,
): void {
  const columns = Array.from({ length: size }, (_, j) => {
    const x = Array.from({ length: size }, (_, i) => f.keep(read(i, j)));
    return transform(f, x).map((value) => f.keep(value));
  });
  const rows = columns[0]!.length;
  for (let i = 0; i < rows; i++)
    transform(
      f,
      columns.map((column) => column[i]!),
    ).forEach((value, j) => write(i, j, value));
}
