import { checkOptions, checkValue, functionOption, Random, ValueError, wholeFrom } from "@convlens/backend";
import type { ShapesOf, Tensor } from "@convlens/tensor";
import {
  checkCount,
  START,
  subset,
  type Dataset,
  type Pass,
  type Position,
  type SizedDataset,
  type Streamed,
  type StreamDataset,
} from "./dataset.ts";
import type { Example, TensorsOf } from "./example.ts";
import type { StreamExample } from "./stream.ts";

/** Random numbers of one example in one pass, whatever the order. */
const randomOf = ({ seed, epoch }: Pass, label: string, index: number): Random =>
  new Random(seed).split("data").split(epoch).split(label).split(index);

/** A change of an example; `random` depends only on seed, epoch and example. */
export type ExampleChange<Input, Target, A, B> = (
  example: Example<Input, Target>,
  random: Random,
) => StreamExample<A, B> | Promise<StreamExample<A, B>>;

/**
 * Changes each example when it is read: decoding, random changes of input and target together, another target. A data set of
 * known size stays one.
 *
 * @param shapes - Shapes of the changed examples, where they differ.
 *
 * @example
 * ```ts
 * // The target of a denoising autoencoder is the image itself.
 * const denoising = map(data, ({ input }, random) => ({
 *   input: { ...input, values: floatsOf(input).map((x) => x + random.normal(1, 0, 0.2)[0]!) },
 *   target: { ...input, values: floatsOf(input) },
 * }), { target: data.shapes.input });
 * ```
 */
export function map<Input, Target, A, B>(
  data: SizedDataset<Input, Target>,
  change: ExampleChange<Input, Target, A, B>,
  shapes?: { readonly input?: ShapesOf<TensorsOf<NoInfer<A>>>; readonly target?: ShapesOf<TensorsOf<NoInfer<B>>> },
): SizedDataset<TensorsOf<A>, TensorsOf<B>>;
export function map<Input, Target, A, B>(
  data: Dataset<Input, Target>,
  change: ExampleChange<Input, Target, A, B>,
  shapes?: { readonly input?: ShapesOf<TensorsOf<NoInfer<A>>>; readonly target?: ShapesOf<TensorsOf<NoInfer<B>>> },
): Dataset<TensorsOf<A>, TensorsOf<B>>;
export function map<Input, Target, A, B>(
  data: Dataset<Input, Target>,
  change: ExampleChange<Input, Target, A, B>,
  shapes: { readonly input?: unknown; readonly target?: unknown } = {},
): Dataset<TensorsOf<A>, TensorsOf<B>> {
  checkValue("map", "change", change, functionOption);
  type Changed = Dataset<TensorsOf<A>, TensorsOf<B>>;
  type ChangedExample = Example<TensorsOf<A>, TensorsOf<B>>;
  const changed = { ...data, shapes: { ...data.shapes, ...shapes } };
  // Classes of the source are not those of another target.
  if ("target" in shapes) Object.assign(changed, { labels: undefined, classes: undefined });
  if (data.kind === "stream")
    return {
      ...changed,
      async *open(pass: Pass, from: Position) {
        for await (const { example, index, after } of data.open(pass, from))
          yield { example: (await change(example, randomOf(pass, "map", index))) as ChangedExample, index, after };
      },
    } as unknown as Changed;
  const example = (index: number, pass: Pass): unknown => {
    const before = data.example(index, pass);
    const random = randomOf(pass, "map", index);
    return before instanceof Promise ? before.then((found) => change(found, random)) : change(before, random);
  };
  return { ...changed, example } as unknown as Changed;
}

/** Decides by an example, or by its index, whether it is kept. */
export type KeepExample<Input, Target> = (example: Example<Input, Target>, index: number) => boolean;

/** Seed and epoch of examples that are looked at outside of training. */
const LOOK: Pass = { seed: 0, epoch: 0 };

/**
 * Keeps the examples that a predicate accepts. Those of a stream are judged as they are read; those of a data set of known size
 * are all read once, now.
 *
 * @throws `ValueError` if none of a data set of known size is kept, or if its examples must be awaited.
 */
export function filter<Input, Target, D extends Dataset<Input, Target>>(
  data: D & Dataset<Input, Target>,
  keep: KeepExample<Input, Target>,
): D {
  checkValue("filter", "keep", keep, functionOption);
  if (data.kind === "stream")
    return {
      ...data,
      async *open(pass: Pass, from: Position): AsyncGenerator<Streamed<Input, Target>> {
        for await (const one of data.open(pass, from)) if (keep(one.example, one.index)) yield one;
      },
    };
  const kept = Array.from({ length: data.size }, (_, i) => i).filter((i) => {
    const example = data.example(i, LOOK);
    if (!(example instanceof Promise)) return keep(example, i);
    example.catch(() => undefined);
    throw new ValueError({
      operation: "filter",
      problem: "the examples of this data set must be awaited",
      fix: "choose by index: subset(data, indices), or filter before map",
    });
  });
  if (kept.length === 0) throw new ValueError({ operation: "filter", problem: "no example is kept" });
  return subset(data, kept);
}

/** First `count` examples, or all if there are fewer. */
export function take<D extends Dataset<unknown, unknown>>(data: D, count: number): D {
  checkCount("take", count);
  if (data.kind === "sized") return partOf(data, 0, count) as unknown as D;
  const source: StreamDataset<unknown, unknown> = data;
  return {
    ...data,
    async *open(pass: Pass, from: Position) {
      let { taken, place } = placeWith("take", from, "taken", START);
      if (taken >= count) return;
      for await (const one of source.open(pass, place)) {
        const now = ++taken;
        yield { ...one, after: () => ({ taken: now, place: one.after() }) };
        if (now >= count) return;
      }
    },
  };
}

/** All examples but the first `count`. */
export function skip<D extends Dataset<unknown, unknown>>(data: D, count: number): D {
  checkCount("skip", count, 0);
  if (data.kind === "sized") return partOf(data, count, Infinity) as unknown as D;
  const source: StreamDataset<unknown, unknown> = data;
  return {
    ...data,
    async *open(pass: Pass, from: Position) {
      let { taken, place } = placeWith("skip", from, "taken", START);
      for await (const one of source.open(pass, place)) {
        if (taken >= count) yield { ...one, after: () => ({ taken: count, place: one.after() }) };
        else taken++;
      }
    },
  };
}

const partOf = (data: SizedDataset<unknown, unknown>, from: number, to: number): SizedDataset<unknown, unknown> =>
  subset(
    data,
    Array.from({ length: Math.max(0, Math.min(to, data.size) - from) }, (_, i) => from + i),
  );

/** A place with a count of this transform beside that of the source. */
function placeWith<K extends string>(
  operation: string,
  from: Position,
  name: K,
  start: Position,
): { [_ in K]: number } & { place: Position } {
  if (from === START) return { [name]: 0, place: start } as { [_ in K]: number } & { place: Position };
  const found = from as { readonly [name: string]: Position } | null;
  const count = typeof found === "object" ? found?.[name] : undefined;
  if (Number.isSafeInteger(count) && found !== null && "place" in found)
    return { [name]: count, place: found["place"] } as { [_ in K]: number } & { place: Position };
  throw new ValueError({ operation, what: "the place to resume from", expected: `{ ${name}, place }`, got: from });
}

/**
 * Examples of several data sets, one set after the other.
 *
 * @throws `ValueError` for no data sets, data sets of different shapes, or a mixture of streams and data sets of known size.
 */
export function concat<D extends Dataset<unknown, unknown>>(first: D, ...others: readonly D[]): D {
  const all = [first, ...others];
  for (const [i, { kind, shapes }] of all.entries())
    if (kind !== first.kind || JSON.stringify(shapes) !== JSON.stringify(first.shapes))
      throw new ValueError({
        operation: "concat",
        what: `data set ${i}`,
        expected: `a ${first.kind} data set of ${JSON.stringify(first.shapes)}, like the first`,
        got: shapes,
        gotWords: `a ${kind} one of ${JSON.stringify(shapes)}`,
      });
  if (first.kind === "stream")
    return concatStreams(all as unknown as StreamDataset<unknown, unknown>[]) as unknown as D;
  const sets = all as unknown as readonly SizedDataset<unknown, unknown>[];
  const starts = sets.map((_, i) => sets.slice(0, i).reduce((sum, { size }) => sum + size, 0));
  const isLabelled = sets.every(({ labels, classes }) => labels && String(classes) === String(first.classes));
  return {
    ...first,
    size: sets.reduce((sum, { size }) => sum + size, 0),
    labels: isLabelled ? Int32Array.from(sets.flatMap(({ labels = [] }) => Array.from(labels))) : undefined,
    example: (index: number, pass: Pass) => {
      const part = starts.findLastIndex((start) => start <= index);
      return sets[part]!.example(index - starts[part]!, pass);
    },
  };
}

function concatStreams(all: readonly StreamDataset<unknown, unknown>[]): StreamDataset<unknown, unknown> {
  return {
    ...all[0]!,
    async *open(pass, from) {
      const start = placeWith("concat", from, "taken", { part: 0, place: START });
      let { taken } = start;
      const { part, place } = start.place as { readonly part: number; readonly place: Position };
      for (const [i, data] of all.entries()) {
        if (i < part) continue;
        for await (const { example, after } of data.open(pass, i === part ? place : START)) {
          const index = taken++;
          yield { example, index, after: () => ({ taken: index + 1, place: { part: i, place: after() } }) };
        }
      }
    },
  };
}

/**
 * Joins the examples of two data sets of the same size, such as images and the texts that belong to them.
 *
 * @param join - Makes one example of two.
 * @param shapes - Shapes of the joined examples.
 * @throws `ValueError` for data sets of different sizes.
 */
export function zip<I1, T1, I2, T2, A, B>(
  first: SizedDataset<I1, T1>,
  second: SizedDataset<I2, T2>,
  join: (a: Example<I1, T1>, b: Example<I2, T2>) => StreamExample<A, B>,
  shapes: { readonly input: ShapesOf<TensorsOf<NoInfer<A>>>; readonly target: ShapesOf<TensorsOf<NoInfer<B>>> },
): SizedDataset<TensorsOf<A>, TensorsOf<B>> {
  if (first.size !== second.size)
    throw new ValueError({ operation: "zip", expected: `two data sets of ${first.size} examples`, got: second.size });
  type Joined = Example<TensorsOf<A>, TensorsOf<B>>;
  return {
    kind: "sized",
    size: first.size,
    shapes,
    example: (index, pass) => {
      const [a, b] = [first.example(index, pass), second.example(index, pass)];
      if (!(a instanceof Promise || b instanceof Promise)) return join(a, b) as unknown as Joined;
      return Promise.all([a, b]).then(([x, y]) => join(x, y) as unknown as Joined);
    },
  };
}

/**
 * Keeps each example in memory after it was read once, for data that is slow to decode. Random changes belong after it: those
 * before it happen once.
 */
export function cache<D extends SizedDataset<unknown, unknown>>(data: D): D {
  const kept = new Map<number, Example<unknown, unknown> | Promise<Example<unknown, unknown>>>();
  return {
    ...data,
    example: (index: number) => {
      let found = kept.get(index);
      if (found === undefined) {
        const read = data.example(index, LOOK);
        found = read;
        kept.set(index, read);
        if (read instanceof Promise)
          read.then(
            (example) => kept.set(index, example),
            // Read again at the next use.
            () => kept.delete(index),
          );
      }
      return found;
    },
  };
}

/**
 * Mixes a stream: each example is drawn at random from a buffer of those read so far. The larger the buffer, the better mixed.
 * Data of known size needs no buffer: `batches` and `fit` put it in random order.
 *
 * A place of the mixed stream holds the indices of the buffered examples, not the examples; they are read again to resume.
 *
 * @param options - `buffer`: number of examples to draw from.
 */
export function shuffle<Input = Tensor, Target = Tensor>(
  data: StreamDataset<Input, Target>,
  options: { readonly buffer: number },
): StreamDataset<Input, Target> {
  checkOptions("shuffle", options, { buffer: wholeFrom(1) });
  checkValue("shuffle", "buffer", options.buffer, wholeFrom(1));
  const { buffer } = options;
  return {
    ...data,
    async *open(pass, from) {
      const start = from === START ? { read: START, kept: [], drawn: 0 } : shufflePlace(from);
      const random = new Random(pass.seed).split("data").split(pass.epoch).split("shuffle");
      let { read, drawn } = start;
      const kept = await readAgain(data, pass, start.kept);
      const draw = (): Streamed<Input, Target> => {
        const at = random.split(drawn++).integer(kept.length);
        const one = kept[at]!;
        const last = kept.pop()!;
        if (one !== last) kept[at] = last;
        return {
          ...one,
          after: () => ({ read, kept: kept.map(({ index, before: place }) => ({ index, before: place })), drawn }),
        };
      };
      for await (const one of data.open(pass, read)) {
        kept.push({ ...one, before: read });
        read = one.after();
        if (kept.length > buffer) yield draw();
      }
      while (kept.length > 0) yield draw();
    },
  };
}

/** A buffered example, and the place before it. */
interface Kept<Input, Target> extends Streamed<Input, Target> {
  readonly before: Position;
}

/** Position of a mixed stream. */
interface ShufflePosition {
  /** Position of the source after the last example that was read. */
  readonly read: Position;
  /** The buffered examples by slot. */
  readonly kept: readonly { readonly index: number; readonly before: Position }[];
  /** Number of examples drawn so far. */
  readonly drawn: number;
}

function shufflePlace(from: Position): ShufflePosition {
  const { read, kept, drawn } = (from ?? {}) as unknown as ShufflePosition;
  if (read !== undefined && Array.isArray(kept) && Number.isSafeInteger(drawn)) return { read, kept, drawn };
  throw new ValueError({
    operation: "shuffle",
    what: "the place to resume from",
    expected: "{ read, kept, drawn }",
    got: from,
  });
}

/** Fills the buffer with the same examples in the same slots, from the oldest one on. */
async function readAgain<Input, Target>(
  data: StreamDataset<Input, Target>,
  pass: Pass,
  wanted: ShufflePosition["kept"],
): Promise<Kept<Input, Target>[]> {
  const kept: Kept<Input, Target>[] = [];
  if (wanted.length === 0) return kept;
  const slots = new Map(wanted.map(({ index }, slot) => [index, slot]));
  const oldest = wanted.reduce((a, b) => (b.index < a.index ? b : a));
  for await (const one of data.open(pass, oldest.before)) {
    const slot = slots.get(one.index);
    if (slot !== undefined) kept[slot] = { ...one, before: wanted[slot]!.before };
    slots.delete(one.index);
    if (slots.size === 0) return kept;
  }
  throw new ValueError({
    operation: "shuffle",
    problem: `the stream ended before ${slots.size} of its examples that were in the buffer`,
    fix: "resume with the same source",
  });
}
