// Networks as lists of steps on named values, which every contestant builds in its own way. Batch normalization is folded into the
// convolutions: in inference it only changes filters and bias.

/** Builds a network step by step, with its shapes, weights and number of products. */
class NetWriter {
  steps = [];
  /** Shapes as `[kh, kw, c / groups, f]`, `[inputs, units]`, `[f]`. */
  weights = {};
  /** Multiplications and additions for one example. */
  flop = 0;
  #shapes = new Map();
  #count = 0;

  constructor(input) {
    this.input = input;
    this.#shapes.set("x", input);
  }

  #step(step, shape) {
    const to = `v${this.steps.length}`;
    this.steps.push({ ...step, to });
    this.#shapes.set(to, shape);
    return to;
  }

  /** Weights that keep the variance of activations (He 2015), times `gain`. */
  #weights(shape, fanIn, units, gain) {
    const [w, b] = [`w${this.#count}`, `b${this.#count++}`];
    this.weights[w] = { shape, deviation: gain * Math.sqrt(2 / fanIn) };
    this.weights[b] = { shape: [units], deviation: 0.05 };
    return { w, b };
  }

  conv(x, filters, size, { stride = 1, pad = (size - 1) / 2, isDepthwise = false, relu = true, gain = 1 } = {}) {
    const [height, width, channels] = this.#shapes.get(x);
    const depth = isDepthwise ? 1 : channels;
    const groups = isDepthwise ? channels : 1;
    const along = (length) => Math.floor((length + 2 * pad - size) / stride) + 1;
    const shape = [along(height), along(width), filters];
    this.flop += 2 * shape[0] * shape[1] * filters * size * size * depth;
    const named = this.#weights([size, size, depth, filters], size * size * depth, filters, gain);
    return this.#step({ op: "conv", x, ...named, size, stride, pad, groups, relu }, shape);
  }

  maxPool(x, size, { stride = size, pad = 0 } = {}) {
    const [height, width, channels] = this.#shapes.get(x);
    const along = (length) => Math.floor((length + 2 * pad - size) / stride) + 1;
    return this.#step({ op: "maxPool", x, size, stride, pad }, [along(height), along(width), channels]);
  }

  /** max(a + b, 0) */
  addRelu(a, b) {
    return this.#step({ op: "addRelu", x: a, y: b }, this.#shapes.get(a));
  }

  /** The mean of each map. */
  mean(x) {
    return this.#step({ op: "mean", x }, [this.#shapes.get(x)[2]]);
  }

  flatten(x) {
    const maps = this.#shapes.get(x);
    return this.#step({ op: "flatten", x, maps }, [maps.reduce((a, b) => a * b)]);
  }

  dense(x, units, { relu = false } = {}) {
    const [inputs] = this.#shapes.get(x);
    this.flop += 2 * inputs * units;
    return this.#step({ op: "dense", x, ...this.#weights([inputs, units], inputs, units, 1), relu }, [units]);
  }

  get net() {
    const { input, steps, weights, flop } = this;
    return { input, steps, weights, flop, classes: this.#shapes.get(steps.at(-1).to)[0] };
  }
}

/** The network of ConvNetJS's MNIST demo. */
export function lenet() {
  const n = new NetWriter([28, 28, 1]);
  let x = n.maxPool(n.conv("x", 8, 5), 2);
  x = n.maxPool(n.conv(x, 16, 5), 3);
  n.dense(n.flatten(x), 10);
  return n.net;
}

/** A small VGG for CIFAR-10: 402,528 weights. */
export function vggSmall() {
  const n = new NetWriter([32, 32, 3]);
  let x = n.maxPool(n.conv(n.conv("x", 32, 3), 32, 3), 2);
  x = n.maxPool(n.conv(n.conv(x, 64, 3), 64, 3), 2);
  x = n.maxPool(n.conv(x, 128, 3), 2);
  n.dense(n.dense(n.flatten(x), 128, { relu: true }), 10);
  return n.net;
}

/** ResNet-18 (He 2016) for 224 × 224. */
export function resnet18() {
  const n = new NetWriter([224, 224, 3]);
  let x = n.maxPool(n.conv("x", 64, 7, { stride: 2 }), 3, { stride: 2, pad: 1 });
  for (const [filters, first] of [
    [64, 1],
    [128, 2],
    [256, 2],
    [512, 2],
  ])
    for (const stride of [first, 1]) {
      // Halved, so that activations do not double from block to block.
      const body = n.conv(n.conv(x, filters, 3, { stride }), filters, 3, { relu: false, gain: 0.5 });
      const isSame = stride === 1;
      x = n.addRelu(body, isSame ? x : n.conv(x, filters, 1, { stride, pad: 0, relu: false, gain: 0.7 }));
    }
  n.dense(n.mean(x), 1000);
  return n.net;
}

/** MobileNet V1, 1.0, for 224 × 224 (Howard 2017). */
export function mobileNet() {
  const n = new NetWriter([224, 224, 3]);
  let x = n.conv("x", 32, 3, { stride: 2 });
  let channels = 32;
  for (const [filters, stride] of [
    ...[
      [64, 1],
      [128, 2],
      [128, 1],
      [256, 2],
      [256, 1],
      [512, 2],
    ],
    ...Array.from({ length: 5 }, () => [512, 1]),
    ...[
      [1024, 2],
      [1024, 1],
    ],
  ]) {
    x = n.conv(n.conv(x, channels, 3, { stride, isDepthwise: true }), filters, 1, { pad: 0 });
    channels = filters;
  }
  n.dense(n.mean(x), 1000);
  return n.net;
}
