import { traitsOf } from "@convlens/backend";
import { compileModel, parameters, type Layer } from "@convlens/layers";
import { absolute, equal, gradients, max, mean, sqrt, square, stack, sum, type Tensor } from "@convlens/tensor";
import { recordModel } from "../recordModel.ts";
import { saturation } from "../activations/unitActivity.ts";
import type { LayerHealth } from "./records.ts";

/** Returns the layer whose products a tensor is computed from, through biases and normalization. */
function makerOf(y: Tensor): string {
  let t: Tensor | undefined = y.inputs[0];
  while (t !== undefined && !traitsOf(t.operation).weighs) t = t.inputs[0];
  return (t ?? y).scope?.path ?? "the model";
}

/** The result of {@link probe}. */
export interface Probed {
  /** Root mean square of the gradient of each parameter. */
  readonly sizes: ArrayLike<number>;
  readonly layers: readonly LayerHealth[];
}

/** Compiles a function that measures gradients, and dead and saturated units behind activation functions. */
export function probe(model: Layer, inputs: Tensor, loss: (outputs: Tensor) => Tensor): () => Promise<Probed> {
  let heads: readonly Pick<LayerHealth, "path" | "curve" | "units">[] = [];
  const run = compileModel(model, (x: Tensor) => {
    const { output, tensors } = recordModel(model, x);
    const bent = tensors.filter(({ operation }) => traitsOf(operation).bounds !== undefined);
    const times = new Map<string, number>();
    heads = bent.map((y) => {
      const maker = makerOf(y);
      const time = (times.get(maker) ?? 0) + 1;
      times.set(maker, time);
      return { path: time === 1 ? maker : `${maker} #${time}`, curve: y.operation!, units: y.shape.at(-1)! };
    });
    const places = (y: Tensor): number[] => y.shape.map((_, axis) => axis).slice(0, -1);
    const found = gradients(loss(output), [...parameters(model).values()], { unused: "zeros" });
    return [
      stack(found.map((gradient) => sqrt(mean(square(gradient))))),
      ...bent.flatMap((y) => [sum(equal(max(absolute(y), places(y)), 0)), mean(saturation(y))]),
    ];
  });
  return async () => {
    const [sizes, ...counts] = await run(inputs);
    const layers = heads.map((head, i) => ({
      ...head,
      dead: counts[2 * i]!.knownValue,
      saturated: counts[2 * i + 1]!.knownValue,
    }));
    return { sizes: sizes!.knownValues, layers };
  };
}
