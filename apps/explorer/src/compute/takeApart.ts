import { receptiveFields, recordModel } from "@convlens/analysis";
import { compileModel, layersOf, type Layer } from "@convlens/layers";
import { softmax, tensor, type Compiled, type Tensor } from "@convlens/tensor";
import type { Net } from "./net.ts";

/** An image as input of the net. */
export interface TakeApartRequest {
  /** Version of the net, so that another net gets another request. */
  readonly net: number | undefined;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
}

/** Activations of a layer. */
export interface LayerMaps {
  /** Its path. */
  readonly name: string;
  /** Its class. */
  readonly type: string;
  /** `[height, width, channels]`, or `[units]`. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
  /** Side of the receptive field of a unit, in pixels. */
  readonly sees: number;
}

/** The answer of a net, and the activations of all layers. */
export interface TakeApartAnswer {
  readonly net: Net["info"];
  readonly layers: readonly LayerMaps[];
  /** Logits. */
  readonly scores: Float32Array;
  /** Softmax of the logits. */
  readonly shares: Float32Array;
}

type Look = Compiled<[x: Tensor], readonly Tensor[]>;
const looks = new WeakMap<Layer, Look>();

/** The layers of a net that do not consist of others, in the order of their calls. */
export const simpleLayers = (net: Net, input: readonly number[] | Tensor): ReturnType<typeof recordModel>["layers"] =>
  recordModel(net.model, input).layers.filter(({ layer }) => layersOf(layer).size === 1);

function lookInto(net: Net): Look {
  const look = compileModel(net.model, (x: Tensor): readonly Tensor[] => {
    const { output } = recordModel(net.model, x);
    return [output, softmax(output), ...simpleLayers(net, x).map((layer) => layer.output)];
  });
  looks.set(net.model, look);
  return look;
}

/** Computes the activations of all layers. */
export async function takeApart(net: Net, { pixels }: TakeApartRequest): Promise<TakeApartAnswer> {
  const look = looks.get(net.model) ?? lookInto(net);
  const [scores, shares, ...made] = (await look(tensor(pixels, [1, ...net.inputShape]))).map((t) =>
    Float32Array.from(t.knownValues),
  );
  const fields = new Map(receptiveFields(net.model, net.inputShape).map(({ name, axes }) => [name, axes[0]!.size]));
  const layers = simpleLayers(net, net.inputShape).map(({ name, type, output }, i) => ({
    name,
    type,
    shape: output.shape.slice(1),
    values: made[i]!,
    sees: Math.min(net.inputShape[0]!, fields.get(name) ?? net.inputShape[0]!),
  }));
  return { net: net.info, layers, scores: scores!, shares: shares! };
}
