import type { Conv2dGeometry } from "@convlens/backend";
import type { Local } from "../../assembler/expression.ts";
import { f32x4 } from "../../assembler/instructions.ts";
import type { FunctionWriter } from "../../assembler/function.ts";
import type { CompiledFunction, Runtime } from "../../runtime.ts";
import type { Pointwise } from "../chain.ts";
import { runLoops } from "../loops.ts";
import { keyOf, type Launch } from "./convolver.ts";
import { paddedOf } from "./padded.ts";

type Address = Local<"i32">;

/** The gradient of filters is summed over so many parts of a batch, and then over these: on one thread as on many. */
const PARTS = 8;
/** If they take no more numbers than this. */
const PARTS_NUMBERS = 2 ** 22;

/** How the gradient of filters is summed over one image. */
export interface ImageGradient {
  readonly name: string;
  /** Products of one image. */
  readonly work: number;
  /** Numbers that are needed meanwhile. */
  readonly scratch: number;
  /** Writes: adds what an image with its padding gives. */
  readonly write: (
    f: FunctionWriter,
    at: { readonly dy: Address; readonly x: Address; readonly dfilters: Address; readonly scratch: Address },
  ) => void;
}

/** The gradient of filters: each part of a batch on its own, then their sum. */
export function filterGradientOverImages(
  runtime: Runtime,
  g: Conv2dGeometry,
  { name, work, scratch, write }: ImageGradient,
): Launch {
  const image = paddedOf(g);
  const length = (g.height.window * g.width.window * g.inChannels * g.outChannels) / g.groups;
  const isParted = g.batch > 1 && length * Math.min(PARTS, g.batch) <= PARTS_NUMBERS;
  const each = isParted ? Math.ceil(g.batch / PARTS) : g.batch;
  const [full, rest] = [Math.floor(g.batch / each), g.batch % each];
  const parts = full + (rest > 0 ? 1 : 0);
  const resultStep = 4 * g.height.output * g.width.output * g.outChannels;
  const images = (count: number): CompiledFunction =>
    runtime.code(
      `${name} ${count} ${keyOf(g)}`,
      ["dy", "x", "dfilters", "scratch", "buffer"],
      (f, dy, x, dfilters, scratch, buffer) =>
        f.times(count, () => {
          const from = image.enter(f, x, buffer);
          write(f, { dy: dy, x: from, dfilters: dfilters, scratch: scratch });
          f.advance(x, image.imageStep);
          f.advance(dy, resultStep);
        }),
      count * work,
    );
  const main = images(each);
  const last = rest > 0 ? images(rest) : undefined;
  const sum: Pointwise = (_, ...x) => x.reduce((total, part) => f32x4.add(total, part));
  const join = isParted
    ? runLoops(runtime, `join ${parts}`, sum, [{ count: length, steps: new Array<number>(parts + 1).fill(4) }])
    : undefined;
  // Whole lines for each part, and not a power of two apart.
  const partLength = isParted ? Math.ceil(length / 16) * 16 + 16 : 0;
  return (dy, x, dfilters) => {
    const sums = runtime.scratch(parts * partLength, scratch + image.length);
    const buffer = sums + 4 * parts * partLength;
    const own = buffer + 4 * runtime.threads * image.length;
    const first = isParted ? sums : dfilters.start;
    runtime.clear(first, isParted ? parts * partLength : length);
    runtime.clear(buffer, runtime.threads * image.length);
    const [stepY, stepX, step] = [each * resultStep, each * image.imageStep, 4 * partLength];
    main.callMany(
      full,
      [dy.start, stepY],
      [x.start, stepX],
      [first, step],
      [own, 0, 4 * scratch],
      [buffer, 0, 4 * image.length],
    );
    last?.call(dy.start + full * stepY, x.start + full * stepX, first + full * step, own, buffer);
    join?.(...Array.from({ length: parts }, (_, i) => sums + i * step), dfilters.start);
  };
}
