import fc from "fast-check";
import { Random, sizeOf, type ResizeMode, type Shape } from "@convlens/backend";
import {
  AveragePool2d,
  build,
  Conv2d,
  ConvTranspose2d,
  DepthwiseConv2d,
  LocallyConnected2d,
  parameters,
  Parallel,
  Residual,
  sequential,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { add, concat, multiply, reshape, resize, tensor, transpose, type Tensor } from "@convlens/tensor";

/** A tensor of random numbers between two bounds. */
export const some = (shape: Shape, seed = 1, low = -1, high = 1): Tensor =>
  tensor(new Random(seed).uniform(sizeOf(shape), low, high), shape);

/** A model with random parameters between two bounds. */
export function filled<L extends Layer>(model: L, inputShape: Shape, seed = 3, low = -1, high = 1): L {
  build(model, inputShape, { seed });
  let stream = 0;
  for (const [, parameter] of parameters(model))
    parameter.write(new Random(seed, ++stream).uniform(parameter.size, low, high));
  return model;
}

/** A custom layer with two branches that are joined by an operation and not by a container. */
export class TwoWays implements Layer {
  readonly near: Layer = new Conv2d({ filters: 2, kernelSize: 1 });
  readonly far: Layer = new Conv2d({ filters: 2, kernelSize: 3, dilation: 2, padding: 2 });
  call(x: Tensor, mode?: Mode): Tensor {
    return concat([multiply(this.near.call(x, mode), 2), add(this.far.call(x, mode), 1)], -1);
  }
}

/** Moves squares of four pixels into the channels: `[n, h, w, c] → [n, h / 2, w / 2, 4 c]`. */
export class ToDepth implements Layer {
  call(x: Tensor): Tensor {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const squares = transpose(reshape(x, [n, h / 2, 2, w / 2, 2, c]), [0, 1, 3, 2, 4, 5]);
    return reshape(squares, [n, h / 2, w / 2, 4 * c]);
  }
}

/** Twice the size. */
export class Enlarge implements Layer {
  readonly mode: ResizeMode;
  readonly alignCorners: boolean;
  constructor(mode: ResizeMode, alignCorners = false) {
    this.mode = mode;
    this.alignCorners = alignCorners;
  }
  call(x: Tensor): Tensor {
    const { mode, alignCorners } = this;
    return resize(x, { height: 2 * x.shape[1]!, width: 2 * x.shape[2]!, mode, alignCorners });
  }
}

const windows = fc.record({
  filters: fc.integer({ min: 1, max: 3 }),
  kernelSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })),
  dilation: fc.integer({ min: 1, max: 2 }),
  padding: fc.constantFrom("same" as const, 1, "valid" as const),
});
const floor = { geometry: "floor" } as const;

/** A layer with maps as input and output. */
const simple: fc.Arbitrary<() => Layer> = fc.oneof(
  { weight: 4, arbitrary: windows.map((options) => () => new Conv2d({ ...options, ...floor })) },
  {
    weight: 1,
    arbitrary: windows.map(
      ({ kernelSize }) =>
        () =>
          new DepthwiseConv2d({ kernelSize, padding: "same" }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 2, max: 3 }).map((size) => () => new AveragePool2d({ kernelSize: size, ...floor })),
  },
  {
    weight: 1,
    arbitrary: windows.map(
      ({ filters, stride }) =>
        () =>
          new LocallyConnected2d({ filters, kernelSize: 2, stride, ...floor }),
    ),
  },
  { weight: 1, arbitrary: fc.constant(() => new TwoWays()) },
);

/** Layers that keep the size of maps, so that they can be branches. */
const keeping: fc.Arbitrary<() => Layer> = windows.map(
  ({ kernelSize, dilation }) =>
    () =>
      new Conv2d({ filters: 2, kernelSize, dilation, padding: "same" }),
);

/** Nets with branches whose maps never grow. */
export const randomNet: fc.Arbitrary<() => Layer> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: simple },
      {
        weight: 1,
        arbitrary: fc.tuple(keeping, keeping).map(
          ([a, b]) =>
            () =>
              new Parallel([a(), sequential([a(), b()])]),
        ),
      },
      {
        weight: 1,
        arbitrary: keeping.map(
          (a) => () =>
            new Residual({ body: sequential([a(), a()]), shortcut: new Conv2d({ filters: 2, kernelSize: 1 }) }),
        ),
      },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((makes) => () => sequential(makes.map((make) => make())));

/** Nets that also upsample maps. */
export const randomNetThatGrows: fc.Arbitrary<() => Layer> = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: simple },
      {
        weight: 1,
        // With "same" padding windows may be smaller than the stride and skip inputs.
        arbitrary: fc.tuple(windows, fc.boolean()).map(
          ([{ filters, kernelSize, stride }, isSame]) =>
            () =>
              new ConvTranspose2d({
                filters,
                kernelSize,
                stride,
                padding: isSame ? "same" : [kernelSize[0] >> 1, kernelSize[1] >> 1],
              }),
        ),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom<ResizeMode>("nearest", "bilinear", "bicubic"), fc.boolean()).map(
          ([mode, isAligned]) =>
            () =>
              new Enlarge(mode, mode !== "nearest" && isAligned),
        ),
      },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((makes) => () => sequential(makes.map((make) => make())));
