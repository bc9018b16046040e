import { conv2dGeometry, type Conv2dGeometry } from "@convlens/backend";
import fc from "fast-check";

/**
 * Random convolutions of 3 × 3 or 5 × 5 with stride 1 and any padding.
 *
 * @param mostImages - Maximum number of images in a batch.
 * @param least - Minimum difference between the sizes of image and window.
 */
export const unitStride = (mostImages: number, least = 0): fc.Arbitrary<Conv2dGeometry> =>
  fc
    .record({
      taps: fc.constantFrom(3, 5),
      batch: fc.integer({ min: 1, max: mostImages }),
      extra: fc.tuple(fc.integer({ min: least, max: 13 }), fc.integer({ min: least, max: 13 })),
      channels: fc.integer({ min: 1, max: 13 }),
      filters: fc.integer({ min: 1, max: 19 }),
      before: fc.tuple(fc.nat(5), fc.nat(5)),
      after: fc.tuple(fc.nat(5), fc.nat(5)),
    })
    .map(({ taps, batch, extra, channels, filters, before, after }) =>
      conv2dGeometry([batch, taps + extra[0], taps + extra[1], channels], [taps, taps, channels, filters], {
        padding: [
          [before[0], after[0]],
          [before[1], after[1]],
        ],
      }),
    );
