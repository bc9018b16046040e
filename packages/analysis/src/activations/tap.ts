import {
  anyOption,
  checkOptions,
  checkValue,
  offsetOf,
  ShapeError,
  showShape,
  sizeOf,
  stepsOf,
  wholeFrom,
  type Shape,
  type Values,
} from "@convlens/backend";
import { compileModel, singleTensor, type Layer } from "@convlens/layers";
import type { Compiled, Tensor } from "@convlens/tensor";
import { placeOption, textsOption } from "../optionChecks.ts";
import { layersNamed, numbersOf, recordModel, type LayerCall } from "../recordModel.ts";

/** The output of one layer for a batch. */
export interface LayerActivation extends LayerCall {
  /** `[n, …]` */
  readonly shape: Shape;
  /** Row-major. */
  readonly values: Values;
}

/** The output of a model, and those of layers with numbers of their own. */
type Results = readonly [output: Tensor, ...layers: Tensor[]];

/** The outputs of a tapped model for a batch. */
export interface Tapped {
  /** Output of the model; its values are known. */
  readonly output: Tensor;
  /** Outputs of the tapped layers by name, in the order of calls. */
  readonly layers: ReadonlyMap<string, LayerActivation>;
}

/** A model that also returns the outputs of layers. */
export interface Tap {
  (x: Tensor): Promise<Tapped>;
  /** Frees the compiled model. */
  dispose(): void;
}

/**
 * Taps layers of a model: each call returns the output of the model and of these layers, from one run of one compiled program.
 * All outputs are copied out of the backend's memory; {@link retain} copies only those that are read.
 *
 * @param names - Paths of layers. Default: all.
 *
 * @example
 * ```ts
 * const net = lenet5();
 * const look = tap(net, ["layers.0", "layers.3"]);
 * const { output, layers } = await look(normal([2, 28, 28, 1]));
 * layers.get("layers.3")!.shape; // [2, 10, 10, 16]
 * activationMap(layers.get("layers.3")!, { channel: 5 }); // 10 · 10 numbers
 * ```
 */
export function tap(model: Layer, names?: readonly string[]): Tap {
  if (names !== undefined) checkValue("tap", "names", names, textsOption);
  /** The layers, and the result that holds the numbers of each. */
  let heads = new Map<string, readonly (Omit<LayerActivation, "values"> & { readonly result: number })[]>();
  const run: Compiled<[x: Tensor], Results> = compileModel(model, (x: Tensor): Results => {
    const recorded = recordModel(model, x);
    const tapped = layersNamed(recorded, names);
    // A flatten or a container outputs the numbers of another layer, which are copied once.
    const results = [...new Set([recorded.output, ...tapped.map(({ output }) => output)].map(numbersOf))];
    heads.set(
      x.shape.join(),
      tapped.map(({ name, type, output }) => {
        const result = results.indexOf(numbersOf(output));
        return { name, type, shape: output.shape, result };
      }),
    );
    return [recorded.output, ...results.slice(1)];
  });
  const look = async (x: Tensor): Promise<Tapped> => {
    // Recorded synchronously; concurrent calls may replace it.
    const pending = run(singleTensor("input", x, "tap"));
    const head = heads.get(x.shape.join()) ?? [];
    keepThoseOf(run, heads);
    const [output, ...others] = await pending;
    const results = [output, ...others].map(({ knownValues }) => knownValues);
    const layers = head.map(({ result, ...layer }) => [layer.name, { ...layer, values: results[result]! }] as const);
    return { output, layers: new Map(layers) };
  };
  return Object.assign(look, {
    dispose: () => {
      run.dispose();
      heads = new Map();
    },
  });
}

/** Removes entries of input shapes whose programs are no longer cached. */
export function keepThoseOf(
  { programs }: { programs: ReadonlyMap<string, unknown> },
  shapes: Map<string, unknown>,
): void {
  if (shapes.size > programs.size)
    for (const shape of shapes.keys()) if (!programs.has(`${shape};`)) shapes.delete(shape);
}

/** A part of an activation. */
export interface ActivationPart {
  /** `[height, width]` or `[length]` of a map, `[channels]` of a column. */
  readonly shape: Shape;
  /** A copy, row-major. */
  readonly values: Float64Array;
}

/**
 * Returns the activation map of one channel (depth slice): `[n, h, w, c] → [h, w]`.
 *
 * @example
 * ```ts
 * const { layers } = await tap(lenet5(), ["layers.2"])(normal([1, 28, 28, 1]));
 * activationMap(layers.get("layers.2")!, { channel: 0 }).shape; // [14, 14]
 * ```
 */
export function activationMap(
  { name, shape, values }: Omit<LayerActivation, "type">,
  options: { readonly channel: number; readonly example?: number },
): ActivationPart {
  checkOptions("activationMap", options, { channel: anyOption, example: anyOption });
  const { channel, example = 0 } = options;
  const [n = 1, ...rest] = shape;
  const channels = rest.pop() ?? 1;
  if (rest.length === 0)
    throw new ShapeError({
      operation: name,
      expected: "a layer that makes maps [n, …, channels]",
      got: shape,
      fix: "use depthColumn, which returns all its numbers",
    });
  checkValue(name, "the example", example, wholeFrom(0, n - 1));
  checkValue(name, "the channel", channel, wholeFrom(0, channels - 1));
  const size = sizeOf(rest);
  const first = example * size * channels + channel;
  return { shape: rest, values: Float64Array.from({ length: size }, (_, i) => values[first + i * channels]!) };
}

/**
 * Returns the depth column (fibre) at one position: `[n, h, w, c] → [c]`.
 *
 * @param options - `place`: `[row, column]`, `[place]` for a signal, or `[]`, the default, for a fully connected layer.
 *
 * @example
 * ```ts
 * const { layers } = await tap(lenet5(), ["layers.2"])(normal([1, 28, 28, 1]));
 * depthColumn(layers.get("layers.2")!, { place: [3, 4] }).shape; // [6]
 * ```
 */
export function depthColumn(
  { name, shape, values }: Omit<LayerActivation, "type">,
  options: { readonly place?: readonly number[]; readonly example?: number } = {},
): ActivationPart {
  checkOptions("depthColumn", options, { place: placeOption, example: anyOption });
  const { place = [], example = 0 } = options;
  const [n = 1, ...rest] = shape;
  const channels = rest.pop() ?? 1;
  checkValue(name, "the example", example, wholeFrom(0, n - 1));
  if (place.length !== rest.length)
    throw new ShapeError({
      operation: name,
      expected: `a place of ${rest.length} numbers in ${showShape(shape)}`,
      got: place,
    });
  for (const [axis, size] of rest.entries())
    checkValue(name, `the place along axis ${axis + 1}`, place[axis], wholeFrom(0, size - 1));
  const first = offsetOf([example, ...place], stepsOf(shape));
  return { shape: [channels], values: Float64Array.from(values.subarray(first, first + channels)) };
}
