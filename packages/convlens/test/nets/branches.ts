// A net of a user's own, in a module of their own: a class, with branches that meet again in two ways.
import {
  apply,
  Conv2d,
  Dense,
  Flatten,
  MaxPool2d,
  Parallel,
  ReLU,
  sequential,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { add, tanh, type Tensor } from "@convlens/tensor";

const conv = (kernelSize: number): Layer =>
  sequential([new Conv2d({ filters: 4, kernelSize, padding: "same" }), new ReLU()]);

class TwoWays implements Layer {
  // Of 28 pixels it makes 14; one pixel more than its window would not fit.
  readonly stem = new Conv2d({ filters: 8, kernelSize: 4, stride: 2, padding: 1 });
  readonly ways = new Parallel([conv(1), conv(5)]);
  readonly pool = new MaxPool2d({ kernelSize: 2 });
  readonly flat = new Flatten();
  readonly head: Dense;

  constructor(classes: number) {
    this.head = new Dense({ units: classes });
  }

  call(x: Tensor, mode?: Mode): Tensor {
    const stem = tanh(apply(this.stem, x, mode));
    const both = add(stem, apply(this.ways, stem, mode));
    return apply(this.head, apply(this.flat, apply(this.pool, both, mode), mode), mode);
  }
}

export const model = (classes: number): Layer => new TwoWays(classes);
