import { PrintedLayer } from "./formatModel.ts";
import { apply, checkLayers, run, type AnyLayer, type InputOf, type Layer, type Mode, type OutputOf } from "./layer.ts";

/** The first type of a list. */
export type First<L extends readonly unknown[]> = L extends readonly [infer F, ...unknown[]] ? F : L[number];
/** The last type of a list. */
export type Last<L extends readonly unknown[]> = L extends readonly [...unknown[], infer F] ? F : L[number];

/** The input of a chain of layers. */
export type ChainInput<L extends readonly AnyLayer[]> = InputOf<First<L>>;
/** The output of a chain of layers. */
export type ChainOutput<L extends readonly AnyLayer[]> = OutputOf<Last<L>>;

/**
 * The layers `L`, where each one takes what the one before returns; the compiler reports the first that does not. The list
 * of those that are done makes the type tail-recursive, so that long chains are no problem. Lists of unknown length are not
 * checked.
 */
export type Chained<L extends readonly unknown[]> = number extends L["length"] ? L : ChainedFrom<L, InputOf<First<L>>>;
/** The layers `L`, of which the first takes `Given`, after the layers `Done`; see {@link Chained}. */
export type ChainedFrom<
  L extends readonly unknown[],
  Given,
  Done extends readonly unknown[] = [],
> = L extends readonly [infer Next, ...infer Rest]
  ? ChainedFrom<Rest, OutputOf<Next>, [...Done, [Given] extends [InputOf<Next>] ? Next : Layer<Given, OutputOf<Next>>]>
  : Done;

/**
 * Layers one after the other. {@link sequential} also follows the types of layers with several tensors.
 *
 * @typeParam L - The list of layers, if they do not all take and return one tensor.
 *
 * @example
 * ```ts
 * const model = new Sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 10 })]);
 * ```
 */
export class Sequential<L extends readonly AnyLayer[] = readonly Layer[]>
  extends PrintedLayer
  implements Layer<ChainInput<L>, ChainOutput<L>>
{
  readonly layers: L;

  constructor(layers: NoInfer<L>) {
    super();
    checkLayers("Sequential", "layers", layers);
    this.layers = layers;
  }

  call(x: ChainInput<L>, mode?: Mode): ChainOutput<L> {
    return run<ChainInput<L>, ChainOutput<L>>(
      this,
      x,
      mode,
      (inner) =>
        this.layers.reduce<unknown>((y, layer) => apply<never, unknown>(layer, y as never, inner), x) as ChainOutput<L>,
    );
  }
}

/**
 * Layers one after the other: `new Sequential(layers)`. Each layer must take what the one before returns, which may be a tuple
 * or a record of tensors.
 */
export function sequential(layers: readonly Layer[]): Sequential;
export function sequential<const L extends readonly AnyLayer[]>(layers: L & Chained<L>): Sequential<L>;
export function sequential(layers: readonly AnyLayer[]): Sequential<readonly AnyLayer[]> {
  return new Sequential<readonly AnyLayer[]>(layers);
}
