import type { OptionChecks } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions } from "./optionChecks.ts";

/** Options of a layer that has none. */
export type NoOptions = Readonly<Record<string, never>>;

/** A layer without parameters: a function of one tensor, with fixed options. */
export interface FunctionLayer<O extends object = NoOptions> extends Layer {
  readonly options: O;
}

/** The class of a {@link FunctionLayer}. */
export type FunctionLayerClass<O extends object = NoOptions> = new (options?: O) => FunctionLayer<O>;

/**
 * Defines the class of layers that apply one function.
 *
 * @param name - Name of the class, which summaries and errors show, also where a bundler shortens names.
 * @param checks - A check of each option.
 * @param required - Options that must be given.
 */
export function functionLayer<O extends object = NoOptions>(
  name: string,
  apply: (x: Tensor, options: O) => Tensor,
  checks: OptionChecks<O>,
  required: readonly (keyof O & string)[] = [],
): FunctionLayerClass<O> {
  const named = {
    [name]: class extends PrintedLayer implements FunctionLayer<O> {
      readonly options: O;
      constructor(options: O = {} as O) {
        super();
        checkLayerOptions(name, options, checks, required);
        this.options = options;
      }
      call(x: Tensor, mode?: Mode): Tensor {
        return run(this, x, mode, () => apply(x, this.options));
      }
    },
  };
  return named[name]!;
}
