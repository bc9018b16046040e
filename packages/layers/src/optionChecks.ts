import { booleanOption, checkOptions, checkValue, functionOption, type OptionChecks } from "@convlens/backend";
import type { WeightOptions } from "./weightOptions.ts";

/** Checks of {@link WeightOptions}. */
export const weightChecks: OptionChecks<WeightOptions> = {
  bias: booleanOption,
  initializer: functionOption,
  biasInitializer: functionOption,
};

/**
 * Checks the options of a layer.
 *
 * @param required - Names of the options that must be given.
 */
export function checkLayerOptions<O extends object>(
  layer: string,
  options: O,
  checks: OptionChecks<O>,
  required: readonly (keyof O & string)[],
): void {
  checkOptions(layer, options, checks);
  for (const name of required) checkValue(layer, name, options[name], checks[name]);
}
