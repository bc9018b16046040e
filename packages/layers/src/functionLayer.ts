import type { OptionChecks } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions } from "./optionChecks.ts";

/** Options of a layer that has none. */
export type NoOptions = Readonly<Record<string, never>>;

/** A layer without parameters: a function of one tensor, or of a tuple or record of tensors, with fixed options. */
export interface FunctionLayer<O extends object = NoOptions, Input = Tensor> extends Layer<Input> {
  readonly options: O;
}

/** The class of a {@link FunctionLayer}. Its options may be left out if none of them is required. */
export type FunctionLayerClass<O extends object = NoOptions, Input = Tensor> = new (
  ...options: Record<never, never> extends O ? [options?: O] : [options: O]
) => FunctionLayer<O, Input>;

/**
 * Defines the class of layers that apply one function.
 *
 * @param name - Name of the class, which summaries and errors show, also where a bundler shortens names.
 * @param checks - A check of each option.
 * @param required - Options that must be given.
 */
export function functionLayer<O extends object = NoOptions, Input = Tensor>(
  name: string,
  apply: (x: Input, options: O) => Tensor,
  checks: OptionChecks<O>,
  required: readonly (keyof O & string)[] = [],
): FunctionLayerClass<O, Input> {
  const named = {
    [name]: class extends PrintedLayer implements FunctionLayer<O, Input> {
      readonly options: O;
      constructor(options: O = {} as O) {
        super();
        checkLayerOptions(name, options, checks, required);
        this.options = options;
      }
      call(x: Input, mode?: Mode): Tensor {
        return run(this, x, mode, () => apply(x, this.options));
      }
    },
  };
  return named[name] as FunctionLayerClass<O, Input>;
}
