import { sizeOf, type Kernel, type KernelsOf, type Operations, type ResizeMode } from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { places } from "./axes.ts";
import { through } from "./summed.ts";

type Image = readonly [n: number, height: number, width: number, channels: number];

/** Statements that find the two neighbours of a new pixel, and the weight `share` of the second. */
const between = (
  name: string,
  from: number,
  to: number,
): string => `const ${name}At = Math.min(${from - 1}, Math.max(0, ((${name} + 0.5) * ${from}) / ${to} - 0.5));
const ${name}0 = Math.floor(${name}At);
const ${name}1 = Math.min(${from - 1}, ${name}0 + 1);
const ${name}Share = ${name}At - ${name}0;`;

/** An image of another size. Pixel centres are at halves; beyond the first and last centre the edge is repeated. */
const resize =
  (gpu: Launcher): Kernel<Buffer, Operations["resize"]> =>
  ({ inputs: [shape], output, attributes: { height, width, mode } }) => {
    const [n, h, w, c] = shape as unknown as Image;
    const pixel = (y: string, x: string): string => `xs[((n * ${h} + ${y}) * ${w} + ${x}) * ${c} + channel]`;
    const start = places("this.thread.x", { n, y: height, x: width, channel: c });
    return gpu.prepare({
      name: "resize",
      inputs: { xs: sizeOf(shape) },
      length: sizeOf(output),
      body:
        mode === "nearest"
          ? `${start}
const oldY = quotient(y * ${h}, ${height});
const oldX = quotient(x * ${w}, ${width});
return ${pixel("oldY", "oldX")};`
          : `${start}
${between("y", h, height)}
${between("x", w, width)}
const above = ${pixel("y0", "x0")} * (1 - xShare) + ${pixel("y0", "x1")} * xShare;
const below = ${pixel("y1", "x0")} * (1 - xShare) + ${pixel("y1", "x1")} * xShare;
return above * (1 - yShare) + below * yShare;`,
    });
  };

/** An axis with the sizes outside and inside of it, and its two lengths: `to` of the given gradient, `from` of the result. */
interface Axis {
  readonly outer: number;
  readonly inner: number;
  readonly from: number;
  readonly to: number;
  readonly mode: ResizeMode;
}

/** For each old pixel of an axis, sums the gradients of the new pixels that were computed from it. */
function resampledBack(gpu: Launcher, { outer, inner, from, to, mode }: Axis): Launch {
  // Their centres are less than a pixel away. A few more are visited, since positions are rounded.
  const count = Math.ceil((2 * to) / from) + 3;
  const shares =
    mode === "nearest"
      ? `if (quotient(i * ${from}, ${to}) === old) {
  total = total + gradient;
}`
      : `${between("i", from, to)}
if (i0 === old) {
  total = total + gradient * (1 - iShare);
}
if (i1 === old) {
  total = total + gradient * iShare;
}`;
  return gpu.prepare({
    name: "resizeGradient",
    inputs: { gradients: outer * to * inner },
    length: outer * from * inner,
    body: `${places("this.thread.x", { before: outer, old: from, after: inner })}
const begin = Math.max(0, Math.floor(((old - 0.5) * ${to}) / ${from} - 0.5) - 1);
let total = 0;
for (let turn = 0; turn < ${count}; turn++) {
  const i = begin + turn;
  if (i < ${to}) {
    const gradient = gradients[(before * ${to} + i) * ${inner} + after];
${shares}
  }
}
return total;`,
  });
}

/** The adjoint, one axis at a time, columns first. */
const resizeGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["resizeGradient"]> =>
  ({ inputs: [shape], attributes: { height, width, mode } }) => {
    const [n, h, w, c] = shape as unknown as Image;
    return through(
      gpu,
      n * h * width * c,
      resampledBack(gpu, { outer: n * h, inner: c, from: width, to: w, mode }),
      resampledBack(gpu, { outer: n, inner: width * c, from: height, to: h, mode }),
    );
  };

/** Kernels of resizing and its gradient. */
export const resizeKernels = (gpu: Launcher): KernelsOf<Buffer, "resize" | "resizeGradient"> => ({
  resize: resize(gpu),
  resizeGradient: resizeGradient(gpu),
});
