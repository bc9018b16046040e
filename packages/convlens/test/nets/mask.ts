import { Conv2d, ReLU, sequential, type Layer } from "@convlens/layers";

/** A small net that gives scores of the classes for each pixel. */
export const model = (classes: number): Layer =>
  sequential([
    ...[new Conv2d({ filters: 4, kernelSize: 3, padding: "same" }), new ReLU()],
    new Conv2d({ filters: classes, kernelSize: 3, padding: "same" }),
  ]);
