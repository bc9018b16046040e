import {
  poolInputShape,
  poolOutputShape,
  sizeOf,
  type Kernel,
  type KernelsOf,
  type Operations,
  type Pool2dGeometry,
  type Poolings,
} from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { places } from "./axes.ts";
import { eachTap, eachWindow } from "./conv2d.ts";
import { through } from "./summed.ts";

const lengths = (g: Pool2dGeometry): { readonly input: number; readonly output: number } => ({
  input: sizeOf(poolInputShape(g)),
  output: sizeOf(poolOutputShape(g)),
});

const outputPlaces = (g: Pool2dGeometry): string =>
  places("this.thread.x", { n: g.batch, oy: g.height.output, ox: g.width.output, channel: g.channels });
const inputPlaces = (g: Pool2dGeometry): string =>
  places("this.thread.x", { n: g.batch, y: g.height.input, x: g.width.input, channel: g.channels });
/** The index of the element at `y, x` of the input. */
const pixel = (g: Pool2dGeometry): string =>
  `((n * ${g.height.input} + y) * ${g.width.input} + x) * ${g.channels} + channel`;
/** The index of the element at `oy, ox` of the output. */
const window = (g: Pool2dGeometry): string =>
  `((n * ${g.height.output} + oy) * ${g.width.output} + ox) * ${g.channels} + channel`;

/** One element for each window, computed from those under it. */
function overWindows(
  gpu: Launcher,
  name: string,
  g: Pool2dGeometry,
  {
    begin,
    each,
    result,
    inputs = {},
  }: { begin: string; each: string; result: string; inputs?: Record<string, number> },
): Launch {
  return gpu.prepare({
    name,
    inputs: { xs: lengths(g).input, ...inputs },
    length: lengths(g).output,
    body: `${outputPlaces(g)}
${begin}
${eachTap(g.height, g.width, `const at = ${pixel(g)};\n${each}`)}
${result}`,
  });
}

/** Statements that find the winner: the first maximum or NaN. Its index is −1 as long as there is none. */
const winner = {
  begin: "let best = 0;\nlet winner = -1;",
  each: `const rival = xs[at];
let wins = 0;
if (winner < 0) {
  wins = 1;
}
if (rival > best) {
  wins = 1;
}
if (notANumber(rival) > notANumber(best)) {
  wins = 1;
}
if (wins > 0) {
  best = rival;
  winner = at;
}`,
};

const maxPool =
  (gpu: Launcher): Kernel<Buffer, Operations["maxPool2d"]> =>
  ({ attributes: { geometry } }) =>
    overWindows(gpu, "maxPool2d", geometry, { ...winner, result: "return best;" });

/** Finds the index of each window's winner, in the second input, and computes an element from it. */
function withWinners(gpu: Launcher, g: Pool2dGeometry, then: Launch): Launch {
  const winners = overWindows(gpu, "winners", g, { ...winner, result: "return winner;" });
  return through(gpu, lengths(g).output, ([, x], output) => winners([x!], output), then);
}

const maxPoolSelect =
  (gpu: Launcher): Kernel<Buffer, Operations["maxPool2dSelect"]> =>
  ({ attributes: { geometry } }) => {
    const { input, output } = lengths(geometry);
    const select = gpu.prepare({
      name: "maxPool2dSelect",
      inputs: { winners: output, values: input },
      length: output,
      body: "return values[winners[this.thread.x]];",
    });
    return withWinners(gpu, geometry, select);
  };

/** One element for each element of the input, computed from all windows over it. */
function overElements(
  gpu: Launcher,
  name: string,
  g: Pool2dGeometry,
  {
    inputs,
    begin = "",
    each,
    result = "total",
  }: { inputs: Record<string, number>; begin?: string; each: string; result?: string },
): Launch {
  return gpu.prepare({
    name,
    inputs,
    length: lengths(g).input,
    body: `${inputPlaces(g)}
let total = 0;
${begin}
${eachWindow(g.height, g.width, `const at = ${window(g)};\n${each}`)}
return ${result};`,
  });
}

const maxPoolGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["maxPool2dGradient"]> =>
  ({ attributes: { geometry } }) => {
    const { output } = lengths(geometry);
    const gradient = overElements(gpu, "maxPool2dGradient", geometry, {
      inputs: { winners: output, gradients: output },
      each: "if (winners[at] === this.thread.x) {\n  total = total + gradients[at];\n}",
    });
    return withWinners(gpu, geometry, gradient);
  };

const sumPoolGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["sumPool2dGradient"]> =>
  ({ attributes: { geometry } }) =>
    overElements(gpu, "sumPool2dGradient", geometry, {
      inputs: { gradients: lengths(geometry).output },
      each: "total = total + gradients[at];",
    });

const sumPool =
  (gpu: Launcher): Kernel<Buffer, Operations["sumPool2d"]> =>
  ({ attributes: { geometry } }) =>
    overWindows(gpu, "sumPool2d", geometry, {
      begin: "let total = 0;",
      each: "total = total + xs[at];",
      result: "return total;",
    });

const lpPool =
  (gpu: Launcher): Kernel<Buffer, Operations["lpPool2d"]> =>
  ({ attributes: { geometry, p } }) =>
    overWindows(gpu, "lpPool2d", geometry, {
      begin: "let total = 0;",
      each: `total = total + powerOf(Math.abs(xs[at]), ${p});`,
      result: `return powerOf(total, ${1 / p});`,
    });

/** The share of each window that is not all 0: the same for all elements under it. */
const lpPoolGradient =
  (gpu: Launcher): Kernel<Buffer, Operations["lpPool2dGradient"]> =>
  ({ attributes: { geometry, p } }) => {
    const { input, output } = lengths(geometry);
    return overElements(gpu, "lpPool2dGradient", geometry, {
      inputs: { gradients: output, xs: input, ys: output },
      begin: "let isSeen = 0;",
      each: `isSeen = 1;
if (ys[at] !== 0) {
  total = total + gradients[at] / powerOf(ys[at], ${p - 1});
}`,
      result: `choiceOf(isSeen, signOf(xs[this.thread.x]) * powerOf(Math.abs(xs[this.thread.x]), ${p - 1}) * total, 0)`,
    });
  };

/** Kernels of pooling and its gradients. */
export const pool2dKernels = (gpu: Launcher): KernelsOf<Buffer, keyof Poolings | "lpPool2d" | "lpPool2dGradient"> => ({
  maxPool2d: maxPool(gpu),
  maxPool2dGradient: maxPoolGradient(gpu),
  maxPool2dSelect: maxPoolSelect(gpu),
  sumPool2d: sumPool(gpu),
  sumPool2dGradient: sumPoolGradient(gpu),
  lpPool2d: lpPool(gpu),
  lpPool2dGradient: lpPoolGradient(gpu),
});
