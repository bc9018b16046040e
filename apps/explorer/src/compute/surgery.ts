import { filtersToWeights, toConvolutional, weightsToFilters } from "@convlens/analysis";
import { apply, type Layer, type Mode } from "@convlens/layers";
import {
  absolute,
  concat,
  conv2d,
  evaluate,
  flatten,
  matmul,
  max,
  maxPool2d,
  relu,
  reshape,
  slice,
  subtract,
  tensor,
  type Tensor,
} from "@convlens/tensor";

/** A classifier for small images, and a larger image. */
export interface SurgeryRequest {
  /** `[side, side]` */
  readonly image: Float32Array;
  readonly side: number;
  /** Templates of the last layer, `[classes, crop, crop]`. */
  readonly templates: Float32Array;
  readonly crop: number;
  /** `[3, 3, 1, filters]` */
  readonly filters: Float32Array;
  /** Padding of the convolution. */
  readonly padding: number;
}

/** The classifier on each crop, and as a convolution over the whole image. */
export interface SurgeryAnswer {
  /** Positions along a side. */
  readonly positions: number;
  /** Pixels from one crop to the next. */
  readonly stride: number;
  /** `[positions, positions, classes]` */
  readonly crops: Float32Array;
  readonly sliding: Float32Array;
  /** Side and number of the maps that the last layer reads. */
  readonly maps: readonly [side: number, channels: number];
  /** Largest change of a weight by the conversion to filters and back. */
  readonly roundTrip: number;
  /** Multiply-adds for all crops one by one, and for sliding. */
  readonly products: { readonly crops: number; readonly sliding: number };
}

/** Pixels from one unit of the pooled maps to the next. */
const JUMP = 2;

/** A convolution for lines, max pooling, and a fully connected layer. */
class Comparison implements Layer {
  readonly filters: Tensor;
  readonly padding: number;
  weights: Tensor | undefined;

  constructor(filters: Tensor, padding: number) {
    this.filters = filters;
    this.padding = padding;
  }

  maps(x: Tensor): Tensor {
    const lines = relu(conv2d(x, this.filters, { padding: this.padding }));
    return maxPool2d(lines, { kernelSize: JUMP, geometry: "floor" });
  }

  call(x: Tensor, _mode?: Mode): Tensor {
    return matmul(flatten(this.maps(x)), this.weights!);
  }
}

/** Applies the classifier to every crop, and as a convolution to the whole image. */
export async function surgery(request: SurgeryRequest): Promise<SurgeryAnswer> {
  const { side, crop, padding, filters } = request;
  const image = tensor(request.image, [1, side, side, 1]);
  const net = new Comparison(tensor(filters, [3, 3, 1, filters.length / 9]), padding);
  const known = net.maps(tensor(request.templates, [request.templates.length / crop ** 2, crop, crop, 1]));
  net.weights = await unitCodes(known);
  const scores = apply(toConvolutional(net, [crop, crop, 1]), image);
  const positions = scores.shape[1]!;
  const crops = Array.from({ length: positions ** 2 }, (_, i) =>
    slice(image, [0, Math.floor(i / positions) * JUMP, (i % positions) * JUMP, 0], [1, crop, crop, 1]),
  );
  const [mapSide, channels, classes] = [known.shape[1]!, known.shape[3]!, known.shape[0]!];
  const back = filtersToWeights(weightsToFilters(net.weights, [mapSide, mapSide, channels]));
  const difference = max(absolute(subtract(back, net.weights)));
  const values = await evaluate(apply(net, concat(crops)), reshape(scores, [scores.size]), reshape(difference, [1]));
  const [one, all, roundTrip] = values.map((each) => Float32Array.from(each));
  const mapsOf = (size: number): number => size - 2 + 2 * padding;
  const convolved = (size: number): number => mapsOf(size) ** 2 * filters.length;
  const compared = mapSide ** 2 * channels * classes * positions ** 2;
  return {
    positions,
    stride: JUMP,
    crops: one!,
    sliding: all!,
    maps: [mapSide, channels],
    roundTrip: roundTrip![0]!,
    products: { crops: positions ** 2 * convolved(crop) + compared, sliding: convolved(side) + compared },
  };
}

/** The pooled maps of each template as a column of norm 1. */
async function unitCodes(maps: Tensor): Promise<Tensor> {
  const [values] = await evaluate(flatten(maps));
  const classes = maps.shape[0]!;
  const size = maps.size / classes;
  const columns = new Float32Array(maps.size);
  for (let k = 0; k < classes; k++) {
    const code = Float64Array.from(values.subarray(k * size, (k + 1) * size));
    const length = Math.hypot(...code);
    for (let i = 0; i < size; i++) columns[i * classes + k] = code[i]! / length;
  }
  return tensor(columns, [size, classes]);
}
