import { receptiveFields, recordModel } from "@convlens/analysis";
import { compileModel, type Layer } from "@convlens/layers";
import { softmax, tensor, type Compiled, type Tensor } from "@convlens/tensor";
import { floats } from "./floats.ts";
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

type Look = Compiled<[x: Tensor], readonly [scores: Tensor, shares: Tensor, ...layers: Tensor[]]>;
const looks = new WeakMap<Layer, Look>();

/** The layers of a net that do not consist of others, in the order of their calls. */
export const simpleLayers = (net: Net, input: readonly number[] | Tensor): ReturnType<typeof recordModel>["layers"] =>
  recordModel(net.model, input).layers.filter(({ isContainer }) => !isContainer);

function lookInto(net: Net): Look {
  const look = compileModel(net.model, (x: Tensor) => {
    const { output } = recordModel(net.model, x);
    return [output, softmax(output), ...simpleLayers(net, x).map((layer) => layer.output)] as const;
  });
  looks.set(net.model, look);
  return look;
}

/** Computes the activations of all layers. */
export async function takeApart(net: Net, { pixels }: TakeApartRequest): Promise<TakeApartAnswer> {
  const look = looks.get(net.model) ?? lookInto(net);
  const [scores, shares, ...made] = await floats(...(await look(tensor(pixels, [1, ...net.inputShape]))));
  const largest = Math.max(...net.inputShape);
  const sizes = receptiveFields(net.model, net.inputShape).map(
    ({ name, axes }) => [name, Math.max(...axes.map(({ size }) => size))] as const,
  );
  const fields = new Map(sizes);
  const layers = simpleLayers(net, net.inputShape).map(({ name, type, output }, i) => ({
    name,
    type,
    shape: output.shape.slice(1),
    values: made[i]!,
    sees: Math.min(largest, fields.get(name) ?? largest),
  }));
  return { net: net.info, layers, scores, shares };
}
