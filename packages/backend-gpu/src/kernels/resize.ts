import {
  pixelPositions,
  sizeOf,
  type Kernel,
  type KernelsOf,
  type Operations,
  type Resampling,
} from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { places } from "./axes.ts";
import { through } from "./summed.ts";

type Image = readonly [n: number, height: number, width: number, channels: number];

/** A source of a new pixel, as expressions. */
interface Source {
  readonly place: string;
  readonly weight: string;
}

/** The weight of the k-th of four pixels, by the cubic convolution of `resampling`. */
const cubicWeight = (t: string, k: number): string => {
  const d = [`(1 + ${t})`, t, `(1 - ${t})`, `(2 - ${t})`][k]!;
  return k === 0 || k === 3
    ? `(((3.75 - 0.75 * ${d}) * ${d} - 6) * ${d} + 3)`
    : `((1.25 * ${d} - 2.25) * ${d} * ${d} + 1)`;
};

/** Statements that find the sources of the new pixel `name` along an axis, as `resampling` does, and the sources. */
function sourcesOf(name: string, axis: Resampling): { readonly statements: string; readonly sources: Source[] } {
  const { from, to, mode, alignCorners } = axis;
  if (mode === "nearest")
    return {
      statements: `const ${name}0 = quotient(${name} * ${from}, ${to});`,
      sources: [{ place: `${name}0`, weight: "1" }],
    };
  const { span, steps } = pixelPositions(axis);
  const position = alignCorners ? `(${name} * ${span}) / ${steps}` : `((${name} + 0.5) * ${span}) / ${steps} - 0.5`;
  const share = `${name}Share`;
  const clamped = (x: string): string => `Math.min(${from - 1}, Math.max(0, ${x}))`;
  const count = mode === "bicubic" ? 4 : 2;
  const places = Array.from(
    { length: count },
    (_, k) => `const ${name}${k} = ${clamped(`${name}First + ${k + 1 - count / 2}`)};`,
  );
  return {
    statements: `const ${name}At = ${mode === "bilinear" ? clamped(position) : position};
const ${name}First = Math.floor(${name}At);
const ${share} = ${name}At - ${name}First;
${places.join("\n")}`,
    sources: places.map((_, k) => ({
      place: `${name}${k}`,
      weight: mode === "bicubic" ? cubicWeight(share, k) : k === 0 ? `(1 - ${share})` : share,
    })),
  };
}

/** An image of another size. */
const resize =
  (gpu: Launcher): Kernel<Buffer, Operations["resize"]> =>
  ({ inputs: [shape], output, attributes: { height, width, mode, alignCorners } }) => {
    const [n, h, w, c] = shape as unknown as Image;
    const [y, x] = [
      sourcesOf("y", { from: h, to: height, mode, alignCorners }),
      sourcesOf("x", { from: w, to: width, mode, alignCorners }),
    ];
    const pixel = (row: Source, column: Source): string =>
      `xs[((n * ${h} + ${row.place}) * ${w} + ${column.place}) * ${c} + channel]`;
    const rows = y.sources.map((row, k) => {
      const columns = x.sources.map((column) => `${pixel(row, column)} * ${column.weight}`);
      return { statement: `const row${k} = ${columns.join(" + ")};`, term: `row${k} * ${row.weight}` };
    });
    return gpu.prepare({
      name: "resize",
      inputs: { xs: sizeOf(shape) },
      length: sizeOf(output),
      body: [
        places("this.thread.x", { n, y: height, x: width, channel: c }),
        y.statements,
        x.statements,
        ...rows.map(({ statement }) => statement),
        `return ${rows.map(({ term }) => term).join(" + ")};`,
      ].join("\n"),
    });
  };

/** An axis with the sizes outside and inside of it, and its two lengths: `to` of the given gradient, `from` of the result. */
interface Axis extends Resampling {
  readonly outer: number;
  readonly inner: number;
}

/** For each old pixel of an axis, sums the gradients of the new pixels that were computed from it. */
function resampledBack(gpu: Launcher, axis: Axis): Launch {
  const { outer, inner, from, to, mode } = axis;
  const { shift, span, steps } = pixelPositions(axis);
  // The positions of these new pixels are less than `reach` away. A few more are visited, since positions are rounded.
  const reach = mode === "bicubic" ? 2 : 1;
  const count = span === 0 ? to : Math.ceil((2 * reach * steps) / span) + 3;
  const begin =
    span === 0 ? "0" : `Math.max(0, Math.floor(((old - ${reach - shift}) * ${steps}) / ${span} - ${shift}) - 1)`;
  const { statements, sources } = sourcesOf("i", axis);
  const shares = sources.map(
    ({ place, weight }) => `if (${place} === old) {
  total = total + gradient * ${weight};
}`,
  );
  return gpu.prepare({
    name: "resizeGradient",
    inputs: { gradients: outer * to * inner },
    length: outer * from * inner,
    body: `${places("this.thread.x", { before: outer, old: from, after: inner })}
const begin = ${begin};
let total = 0;
for (let turn = 0; turn < ${count}; turn++) {
  const i = begin + turn;
  if (i < ${to}) {
    const gradient = gradients[(before * ${to} + i) * ${inner} + after];
${[statements, ...shares].join("\n")}
  }
}
return total;`,
  });
}

/** The adjoint, one axis at a time, columns first. */
const resizeGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["resizeGradient"]> =>
  ({ inputs: [shape], attributes: { height, width, ...method } }) => {
    const [n, h, w, c] = shape as unknown as Image;
    return through(
      gpu,
      n * h * width * c,
      resampledBack(gpu, { outer: n * h, inner: c, from: width, to: w, ...method }),
      resampledBack(gpu, { outer: n, inner: width * c, from: height, to: h, ...method }),
    );
  };

/** Kernels of resizing and its gradient. */
export const resizeKernels = (gpu: Launcher): KernelsOf<Buffer, "resize" | "resizeGradient"> => ({
  resize: resize(gpu),
  resizeGradient: resizeGradient(gpu),
});
