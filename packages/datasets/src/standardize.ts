import { checkOptions, checkValue, ValueError, type OptionCheck, type OptionChecks } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import type { Dataset } from "./dataset.ts";
import { floatsOf, isNumbers, scaleOf, type Example, type Numbers } from "./example.ts";
import { map } from "./transforms.ts";

/** Mean and deviation of each channel of inputs, as a batch holds them. */
export interface ChannelStatistics {
  /** One number for each channel (the last axis). */
  readonly mean: readonly number[];
  /** Standard deviation of each channel. */
  readonly deviation: readonly number[];
}

const numbersOption =
  (least: string, isRight: (x: number) => boolean): OptionCheck =>
  (x) =>
    Array.isArray(x) && x.length > 0 && x.every((value) => Number.isFinite(value) && isRight(value as number))
      ? undefined
      : `an array of ${least}, one for each channel`;
const checks: OptionChecks<ChannelStatistics> = {
  mean: /* @__PURE__ */ numbersOption("finite numbers", () => true),
  deviation: /* @__PURE__ */ numbersOption("numbers above 0", (x) => x > 0),
};

/** @throws `ValueError` for inputs that are a tuple or a record. */
function singleInput(operation: string, input: unknown): Numbers {
  if (isNumbers(input)) return input;
  throw new ValueError({
    operation,
    problem: "inputs are a tuple or a record",
    fix: "change the part that you mean with map(data, …)",
  });
}

/**
 * Gives each channel of the inputs mean 0 and deviation 1: a batch holds (x − mean) / deviation. Bytes stay bytes; only their
 * scale and offset change.
 *
 * @param statistics - Of the training set, from {@link channelStatistics}, or those that a pretrained model was trained with.
 * @throws `ValueError` for statistics of another number of channels, a deviation of 0, or inputs that are a tuple or a record.
 *
 * @example
 * ```ts
 * const statistics = await channelStatistics(train);
 * const [ready, held] = [standardize(train, statistics), standardize(test, statistics)];
 * ```
 */
export function standardize<Target, D extends Dataset<Tensor, Target>>(
  data: D & Dataset<Tensor, Target>,
  statistics: ChannelStatistics,
): D {
  const operation = "standardize";
  checkOptions(operation, statistics, checks);
  for (const name of ["mean", "deviation"] as const) checkValue(operation, name, statistics[name], checks[name]);
  const { mean, deviation } = statistics;
  const channels = Array.isArray(data.shapes.input) ? data.shapes.input.at(-1) : mean.length;
  for (const [name, list] of [["mean", mean] as const, ["deviation", deviation] as const])
    if (list.length !== channels)
      throw new ValueError({
        operation,
        what: name,
        expected: `one number for each of ${channels} channels`,
        got: list,
      });
  const change = (example: Example<Tensor, Target>): Example<Tensor, Target> => {
    const input = singleInput(operation, example.input);
    const at = (list: Numbers["scale"], c: number, otherwise: number): number =>
      typeof list === "number" ? list : (list?.[c] ?? otherwise);
    const scale = scaleOf(input, "input");
    return {
      ...example,
      input: {
        ...input,
        scale: deviation.map((d, c) => at(scale, c, 1) / d),
        offset: deviation.map((d, c) => (at(input.offset, c, 0) - mean[c]!) / d),
      },
    };
  };
  return map(data as Dataset<Tensor, Target>, change as never) as unknown as D;
}

/**
 * Measures mean and standard deviation of each channel of the inputs, over all examples and positions, in float64.
 *
 * @throws `ValueError` for inputs that are a tuple, a record or scalars.
 *
 * @example
 * ```ts
 * const { mean, deviation } = await channelStatistics(train);
 * mean.length; // 1, the channels of the images
 * ```
 */
export async function channelStatistics(data: Dataset<Tensor, unknown>): Promise<ChannelStatistics> {
  const operation = "channelStatistics";
  let count = 0;
  let mean: Float64Array | undefined;
  let squares: Float64Array | undefined;
  for await (const { input } of examplesOf(data)) {
    const numbers = singleInput(operation, input);
    const channels = numbers.shape.at(-1);
    if (channels === undefined || (mean !== undefined && channels !== mean.length))
      throw new ValueError({ operation, expected: `inputs of ${mean?.length ?? "some"} channels`, got: numbers.shape });
    mean ??= new Float64Array(channels);
    squares ??= new Float64Array(channels);
    const values = floatsOf(numbers);
    // Welford: the mean moves to each value, and squares are about the mean.
    for (let at = 0; at < values.length; at += channels) {
      count++;
      for (let c = 0; c < channels; c++) {
        const x = values[at + c]!;
        const difference = x - mean[c]!;
        mean[c]! += difference / count;
        squares[c]! += difference * (x - mean[c]!);
      }
    }
  }
  if (mean === undefined || squares === undefined)
    throw new ValueError({ operation, problem: "there are no examples" });
  return { mean: [...mean], deviation: Array.from(squares, (sum) => Math.sqrt(sum / count)) };
}

/** Number of examples that are read at the same time. */
const AT_ONCE = 64;

/** Yields the examples of a data set once. */
async function* examplesOf<Input, Target>(data: Dataset<Input, Target>): AsyncGenerator<Example<Input, Target>> {
  const pass = { seed: 0, epoch: 0 };
  if (data.kind === "stream") {
    for await (const { example } of data.open(pass, 0)) yield example;
    return;
  }
  for (let from = 0; from < data.size; from += AT_ONCE)
    yield* await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, data.size - from) }, (_, i) => data.example(from + i, pass)),
    );
}
