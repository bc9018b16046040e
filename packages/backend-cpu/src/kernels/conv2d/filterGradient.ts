import type { Conv2dGeometry } from "@convlens/backend";
import type { Pointers } from "../../assembler/expression.ts";
import type { FunctionWriter, Machine } from "../../assembler/function.ts";
import { f32x4 } from "../../assembler/instructions.ts";
import { strided } from "../../callList.ts";
import { defineFunction, type FunctionDefinition } from "../../defineFunction.ts";
import { after, type Address } from "../../heap.ts";
import type { Runtime } from "../../runtime.ts";
import { defineElementwise, runLoops, type Loop } from "../loops.ts";
import { splitCalls } from "../splitCalls.ts";
import { imageOf, type ImageGeometry, type Launch } from "./convolver.ts";
import { paddedOf } from "./padded.ts";

/** Number of parts of a batch whose gradients are summed separately, and then together: on one thread as on many. */
const PARTS = 8;
/** Maximum number of elements of all parts. */
const PARTS_NUMBERS = 2 ** 22;

/** Adds the gradient of filters of one image after the other. */
export interface ImageGradient {
  readonly definition: FunctionDefinition<{ readonly image: ImageGeometry; readonly count: number }>;
  /** Numbers of scratch memory. */
  readonly scratchOf: (image: ImageGeometry, machine: Machine) => number;
}

/** Defines how the gradient of filters is summed over one image, which has its padding. */
export function defineImageGradient({
  name,
  workOf,
  scratchOf,
  write,
}: {
  readonly name: string;
  /** Products of one image. */
  readonly workOf: (image: ImageGeometry) => number;
  readonly scratchOf: (image: ImageGeometry, machine: Machine) => number;
  readonly write: (f: FunctionWriter, image: ImageGeometry, at: Pointers<"dy" | "x" | "dfilters" | "scratch">) => void;
}): ImageGradient {
  return {
    scratchOf,
    definition: defineFunction({
      name,
      write: (f, { image, count }, dy, x, dfilters, scratch, buffer) => {
        const padded = paddedOf(image);
        f.times(count, () => {
          write(f, image, { dy, x: padded.enter(f, x, buffer), dfilters, scratch });
          f.advance(x, padded.imageStep);
          f.advance(dy, outputStep(image));
        });
      },
      work: ({ image, count }) => count * workOf(image),
    }),
  };
}
const outputStep = ({ height, width, outChannels }: ImageGeometry): number =>
  height.output * width.output * outChannels;

/** The sum of its inputs. */
const total = defineElementwise<object>("total", (_f, _, ...x) => x.reduce((sum, part) => f32x4.add(sum, part)));

/** Prepares the sum of tensors of `length` numbers each, which begin `step` numbers apart. */
export function totalOf(
  runtime: Runtime,
  { parts, length, step }: Readonly<Record<"parts" | "length" | "step", number>>,
): (first: Address, to: Address) => void {
  const row: Loop = { count: length, steps: Array.from({ length: parts + 1 }, () => 1) };
  const run = runLoops(runtime, total, {}, [row]);
  return (first, to) => run(...Array.from({ length: parts }, (_, i) => after(first, i * step)), to);
}

/** The gradient of filters: that of each part of a batch, then their sum. */
export function filterGradientOverImages(runtime: Runtime, g: Conv2dGeometry, gradient: ImageGradient): Launch {
  const image = imageOf(g);
  const padded = paddedOf(image);
  const scratch = gradient.scratchOf(image, runtime.machine);
  const length = (g.height.window * g.width.window * g.inChannels * g.outChannels) / g.groups;
  const isParted = g.batch > 1 && length * Math.min(PARTS, g.batch) <= PARTS_NUMBERS;
  const each = isParted ? Math.ceil(g.batch / PARTS) : g.batch;
  const parts = Math.ceil(g.batch / each);
  const run = splitCalls(g.batch, each, (count) => runtime.compile(gradient.definition, { image, count }));
  // Whole cache lines for each part, but not a power of two apart.
  const step = isParted ? Math.ceil(length / 16) * 16 + 16 : 0;
  const join = isParted ? totalOf(runtime, { parts, length, step }) : undefined;
  return (dy, x, dfilters) => {
    const sums = runtime.scratch(parts * step, scratch + padded.length);
    const buffer = after(sums, parts * step);
    const own = after(buffer, runtime.threads * padded.length);
    const first = isParted ? sums : dfilters.start;
    runtime.clear(first, isParted ? parts * step : length);
    runtime.clear(buffer, runtime.threads * padded.length);
    run(
      strided(dy.start, each * outputStep(image)),
      strided(x.start, each * padded.imageStep),
      strided(first, step),
      strided(own, 0, scratch),
      strided(buffer, 0, padded.length),
    );
    join?.(sums, dfilters.start);
  };
}
