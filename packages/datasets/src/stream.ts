import { checkValue, functionOption, ValueError } from "@convlens/backend";
import { areShapes } from "@convlens/tensor";
import type { Pass, Position, StreamDataset } from "./dataset.ts";
import type { Example, Numbers, TensorsOf } from "./example.ts";

/** Shapes in place of numbers: `{ image: Numbers }` becomes `{ image: Shape }`. */
export type ShapesOfNumbers<A> = A extends Numbers
  ? Numbers["shape"]
  : { readonly [K in keyof A]: ShapesOfNumbers<A[K]> };

/** What the source of a stream yields. */
export interface StreamExample<A, B> {
  readonly input: A;
  readonly target: B;
  readonly weight?: number | undefined;
}

/** Reads the examples of a stream from the example with this index on. */
export type OpenStream<A, B> = (
  from: number,
  pass: Pass,
) => AsyncIterable<StreamExample<A, B>> | Iterable<StreamExample<A, B>>;

/**
 * Makes a data set of examples that come one after the other, such as those of a large file. Each pass opens the source again.
 *
 * @param shapes - Shapes of one example.
 * @param open - Returns the examples, the same in each pass. Its argument is the index of the first one that is needed: a source
 *   that can start there resumes quickly. If `open` declares no parameter, the examples before are read and dropped.
 *
 * @example
 * ```ts
 * const data = fromStream({ input: [2], target: [1] }, async function* () {
 *   for (let i = 0; i < 1e6; i++)
 *     yield {
 *       input: { values: Float32Array.of(i, 1), shape: [2] },
 *       target: { values: Float32Array.of(2 * i), shape: [1] },
 *     };
 * });
 * ```
 */
export function fromStream<A, B>(
  shapes: { readonly input: ShapesOfNumbers<A>; readonly target: ShapesOfNumbers<B> },
  open: OpenStream<A, B>,
): StreamDataset<TensorsOf<A>, TensorsOf<B>> {
  const operation = "fromStream";
  checkValue(operation, "open", open, functionOption);
  for (const part of ["input", "target"] as const)
    if (!areShapes(shapes?.[part]))
      throw new ValueError({
        operation,
        what: `the ${part} of shapes`,
        expected: "a shape, or a tuple or record of shapes",
        got: shapes?.[part],
      });
  const seeks = open.length > 0;
  type Kind = StreamDataset<TensorsOf<A>, TensorsOf<B>>;
  return {
    kind: "stream",
    shapes: shapes as unknown as Kind["shapes"],
    async *open(pass, place) {
      const from = indexOf(operation, place);
      let index = seeks ? from : 0;
      for await (const example of open(from, pass)) {
        const at = index++;
        if (at >= from)
          yield { example: example as unknown as Example<TensorsOf<A>, TensorsOf<B>>, index: at, after: () => at + 1 };
      }
    },
  };
}

/** A place that is an index. */
export function indexOf(operation: string, place: Position): number {
  if (Number.isSafeInteger(place) && (place as number) >= 0) return place as number;
  throw new ValueError({
    operation,
    what: "the place to resume from",
    expected: "the index of an example",
    got: place,
  });
}
