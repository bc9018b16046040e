import { filtersToWeights, toConvolutional, weightsToFilters } from "@convlens/analysis";
import { apply, type Layer } from "@convlens/layers";
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
  slice,
  subtract,
  tensor,
  transpose,
  type Tensor,
} from "@convlens/tensor";
import { floats } from "./floats.ts";
import { unitCodes } from "./shapes.ts";

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

/** Pixels from one unit of the pooled maps to the next. */
const JUMP = 2;

/** Applies the classifier to every crop, and as a convolution to the whole image. */
export async function surgery(request: SurgeryRequest) {
  const { side, crop, padding } = request;
  const [classes, channels] = [request.templates.length / crop ** 2, request.filters.length / 9];
  const filters = tensor(request.filters, [3, 3, 1, channels]);
  const mapsOf = (x: Tensor): Tensor =>
    maxPool2d(relu(conv2d(x, filters, { padding })), { kernelSize: JUMP, geometry: "floor" });
  const templates = mapsOf(tensor(request.templates, [classes, crop, crop, 1]));
  const [codes] = await evaluate(transpose(unitCodes(templates)));
  const mapSide = Math.sqrt(codes.length / classes / channels);
  const weights = tensor(codes, [codes.length / classes, classes]);
  const net: Layer = { call: (x) => matmul(flatten(mapsOf(x)), weights) };
  const image = tensor(request.image, [1, side, side, 1]);
  const scores = apply(toConvolutional(net, [crop, crop, 1]), image);
  const positions = Math.sqrt(scores.size / classes);
  const crops = Array.from({ length: positions ** 2 }, (_, i) =>
    slice(image, [0, Math.floor(i / positions) * JUMP, (i % positions) * JUMP, 0], [1, crop, crop, 1]),
  );
  const back = filtersToWeights(weightsToFilters(weights, [mapSide, mapSide, channels]));
  const change = max(absolute(subtract(back, weights)));
  const [one, all, roundTrip] = await floats(apply(net, concat(crops)), scores, change);
  const convolved = (size: number): number => (size - 2 + 2 * padding) ** 2 * filters.size;
  const compared = codes.length * positions ** 2;
  return {
    /** Positions along a side, and pixels from one to the next. */
    ...{ positions, stride: JUMP },
    /** Scores of each crop, and of the sliding net: `[positions, positions, classes]`. */
    ...{ crops: one, sliding: all },
    /** Side and number of the maps that the last layer reads. */
    maps: [mapSide, channels] as const,
    /** Largest change of a weight by the conversion to filters and back. */
    roundTrip: Math.max(...roundTrip),
    /** Multiply-adds for all crops one by one, and for sliding. */
    products: { crops: positions ** 2 * convolved(crop) + compared, sliding: convolved(side) + compared },
  };
}

/** The classifier on each crop, and as a convolution over the whole image. */
export type SurgeryAnswer = Awaited<ReturnType<typeof surgery>>;
