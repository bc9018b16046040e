import { spanOf, type Conv2dGeometry, type Sliding } from "@convlens/backend";
import { add, calculate4, int, load4, multiplyInt, relu4, zero4 } from "../../assembler/expression.ts";
import type { Team } from "../../team.ts";
import { tasksOf } from "../loops.ts";
import type { ProductShape } from "../product.ts";
import { keyOf, type Convolver, type Launch } from "./convolver.ts";
import { direct } from "./direct.ts";
import { filterGradientOverImages } from "./filterGradient.ts";
import { paddedOf } from "./padded.ts";
import { writeEachTile, type Tiled } from "./tiles.ts";

/** Whether each channel has one filter to itself. */
export const isDepthwise = ({ groups, inChannels, outChannels }: Conv2dGeometry): boolean =>
  groups > 1 && groups === inChannels && groups === outChannels;

/** A filter for each channel: channels side by side in the lanes, and some outputs in registers. */
export const depthwise = (team: Team, g: Conv2dGeometry): Convolver => ({
  forward: (ending) => slide(team, g, { ending, isBackward: false }),
  inputGradient: () =>
    g.height.stride === 1 && g.width.stride === 1
      ? slide(team, reversed(g), { isBackward: true })
      : direct(team, g).inputGradient(),
  filterGradient: () => filterGradient(team, g),
});

/** The gradient of the input is the convolution of that of the output with the filter from behind, if windows move by one. */
function reversed(g: Conv2dGeometry): Conv2dGeometry {
  const axis = (s: Sliding): Sliding => {
    const before = spanOf(s) - 1 - s.before;
    return { ...s, input: s.output, output: s.input, before, after: s.input + spanOf(s) - 1 - s.output - before };
  };
  return { ...g, height: axis(g.height), width: axis(g.width) };
}

/** Outputs of a row that are computed at once: as many as divide it. */
const outputsAtOnce = (width: number): number => [8, 7, 6, 5, 4, 3, 2].find((count) => width % count === 0) ?? 1;

function slide(
  team: Team,
  g: Conv2dGeometry,
  { ending, isBackward }: { readonly ending?: ProductShape["ending"]; readonly isBackward: boolean },
): Launch {
  const { height, width, outChannels: channels } = g;
  const pixel = 4 * channels;
  const count = outputsAtOnce(width.output);
  const tiled: Tiled = {
    channels,
    height: {
      size: height.input,
      count: height.output,
      step: height.stride,
      before: height.before,
      reach: spanOf(height),
    },
    width: {
      size: width.input,
      count: width.output / count,
      step: count * width.stride,
      before: width.before,
      reach: (count - 1) * width.stride + spanOf(width),
    },
  };
  const rows = g.batch * height.output;
  const rowBytes = width.output * pixel;
  const { each, calls, rest } = tasksOf(team, rows, (rowBytes / 4) * height.window * width.window);
  const code = (rows: number) =>
    team.code(
      `depthwise ${isBackward ? "backward" : (ending ?? "")} ${rows} ${keyOf(g)}`,
      ["x", "filters", "y", "bias", "first", "outside"],
      (f, x, filters, y, bias, first, outside) => {
        const row = f.keep("row", add(y!, multiplyInt(first!, int(rowBytes))));
        const [to, weights, shift] = [f.local("i32", "to"), f.local("i32", "weights"), f.local("i32", "shift")];
        const sums = Array.from({ length: count }, () => f.local("v128", "sum"));
        const weight = f.local("v128", "weight");
        const onTile = (): void => {
          f.set(to, row);
          f.set(weights, filters!);
          f.set(shift, bias!);
          f.advance(row, count * pixel);
        };
        const walk = { images: x!, outside: outside!, moving: [to, weights, shift], onTile };
        writeEachTile(f, tiled, { first: first!, count: int(rows) }, walk, ({ at, lanes }) => {
          for (const sum of sums) f.set(sum, ending === undefined ? zero4 : load4(shift));
          for (let ky = 0; ky < height.window; ky++)
            for (let kx = 0; kx < width.window; kx++) {
              const tap = ky * width.window + kx;
              f.set(weight, load4(weights, pixel * (isBackward ? height.window * width.window - 1 - tap : tap)));
              sums.forEach((sum, i) => {
                const from = at(ky * height.dilation, i * width.stride + kx * width.dilation);
                if (from !== undefined) f.set(sum, f.multiplyAdd4(load4(...from), weight, sum));
              });
            }
          sums.forEach((sum, i) => {
            if (ending === "biasRelu") f.set(sum, relu4(sum));
            if (lanes === 4) f.store4(to, sum, i * pixel);
            else for (let lane = 0; lane < lanes; lane++) f.storeOne(to, sum, i * pixel + 4 * lane, lane);
          });
        });
      },
      each * width.output * channels * height.window * width.window,
    );
  const main = code(each);
  const last = rest > 0 ? code(rest) : undefined;
  const zeros = Math.ceil((width.input * channels + 4) / 16) * 16;
  return (x, filters, y, bias) => {
    const outside = team.scratch(zeros);
    team.clear(outside, zeros);
    main.each(calls, x.start, filters.start, y.start, bias?.start ?? 0, [0, each], outside);
    last?.call(x.start, filters.start, y.start, bias?.start ?? 0, calls * each, outside);
  };
}

function filterGradient(team: Team, g: Conv2dGeometry): Launch {
  const { height, width, outChannels: channels } = g;
  const image = paddedOf(g);
  const pixel = 4 * channels;
  const taps = Array.from({ length: height.window * width.window }, (_, tap) => {
    const [ky, kx] = [Math.floor(tap / width.window), tap % width.window];
    return ky * height.dilation * image.rowStep + kx * width.dilation * pixel;
  });
  return filterGradientOverImages(team, g, {
    name: "depthwise filter gradient",
    work: height.output * width.output * channels * taps.length,
    scratch: 0,
    write: (f, { dy, x, dfilters }) => {
      const [row, from, to] = [f.keep("row", x), f.local("i32", "from"), f.keep("dy", dy)];
      const [result, slope] = [f.local("i32", "result"), f.local("v128", "dy")];
      const sums = taps.map(() => f.local("v128", "sum"));
      /** Some channels of a row: what windows see there, times the slopes of their outputs. */
      const some = (lanes: number): void => {
        for (const sum of sums) f.set(sum, zero4);
        f.times(width.output, () => {
          f.set(slope, load4(to));
          sums.forEach((sum, tap) => f.set(sum, f.multiplyAdd4(load4(from, taps[tap]), slope, sum)));
          f.advance(from, width.stride * pixel);
          f.advance(to, pixel);
        });
        sums.forEach((sum, tap) => {
          const at = tap * pixel;
          f.set(sum, calculate4("add", load4(result, at), sum));
          if (lanes === 4) f.store4(result, sum, at);
          else for (let lane = 0; lane < lanes; lane++) f.storeOne(result, sum, at + 4 * lane, lane);
        });
        f.advance(from, 4 * lanes - width.output * width.stride * pixel);
        f.advance(to, 4 * lanes - width.output * pixel);
        f.advance(result, 4 * lanes);
      };
      f.times(height.output, () => {
        f.set(from, row);
        f.set(result, dfilters);
        f.times(Math.floor(channels / 4), () => some(4));
        if (channels % 4 > 0) some(channels % 4);
        f.advance(to, (width.output - 1) * pixel);
        f.advance(row, height.stride * image.rowStep);
      });
    },
  });
}
