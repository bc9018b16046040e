// Random recordings of tensor operations on numbers of which some are not finite, huge, tiny or −0.
import * as t from "../packages/tensor/src/index.ts";

const UNARY = [
  ...["negate", "absolute", "sign", "exp", "expm1", "log", "log1p", "sqrt", "reciprocal", "sin", "cos", "tanh", "erf"],
  ...["floor", "ceil", "round", "sigmoid", "relu", "square"],
  ...["leakyRelu", "elu", "selu", "gelu", "swish", "hardSwish", "softplus"],
];
const BINARY = [
  ...["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "equal", "greater", "greaterEqual"],
  ...["less", "lessEqual", "notEqual", "mod"],
];
const NOT_FINITE = [NaN, Infinity, -Infinity];
const ODD = [0, -0, 1, -1, 1e-45, -1e-40, 1e-30, -1e-15, 1e15, -1e18, 65535, 16777217];

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);
const pair = (make) => [make(), make()];
const triple = (make) => [make(), make(), make()];

/** Operations by name: each adds itself to a recording. */
const OPERATIONS = {
  unary: (r) => r.call(r.dice.pick(UNARY), [r.any()]),
  binary: (r) => {
    const a = r.any();
    return r.call(
      r.dice.pick(BINARY),
      r.dice.pick([
        [a, r.like(a)],
        [r.like(a), a],
        [a, a],
      ]),
    );
  },
  where: (r) => {
    const a = r.any();
    return r.call("where", [r.like(a), a, r.like(a)]);
  },
  clip: (r) => r.call("clip", [r.any(), -1, 1]),
  reduce: (r) => {
    const x = r.any();
    const axes = x.shape.flatMap((_, axis) => (r.dice.chance(0.5) ? [axis] : []));
    const operation = r.dice.pick(["sum", "mean", "max", "min", "variance", "logSumExp"]);
    return r.call(operation, [x, axes, { keepAxes: r.dice.chance(0.5) }]);
  },
  argmax: (r) => r.call("argmax", [r.atLeast(1), -1]),
  softmax: (r) => r.call(r.dice.pick(["softmax", "logSoftmax"]), [r.atLeast(1), r.dice.pick([-1, 0])]),
  softmaxCrossEntropy: (r) => {
    const x = r.atLeast(1);
    const labels = r.leaf(x.shape.slice(0, -1), () => r.dice.pick([0, 1, 2, 0, 1, 0.5, -1, NaN]));
    return r.call("softmaxCrossEntropy", [x, r.call("oneHot", [labels, x.shape.at(-1)])]);
  },
  sigmoidCrossEntropy: (r) => {
    const x = r.any();
    return r.call("sigmoidCrossEntropy", [x, r.leaf(x.shape, () => r.dice.pick([0, 1, 0, 1, 0.25, NaN]))]);
  },
  transpose: (r) => r.call("transpose", [r.any()]),
  flip: (r) => r.call("flip", [r.atLeast(1), 0]),
  slice: (r) => {
    const x = r.atLeast(1);
    const begin = x.shape.map((size) => r.dice.below(size));
    return r.call("slice", [x, begin, x.shape.map((size, axis) => r.dice.from(1, size - begin[axis]))]);
  },
  pad: (r) => {
    const x = r.any();
    const options = r.dice.pick([{}, { value: -1.5 }, { mode: "replicate" }, { mode: "wrap" }]);
    return r.call("pad", [x, x.shape.map(() => pair(() => r.dice.below(2))), options]);
  },
  tile: (r) => {
    const x = r.any();
    return r.call("tile", [x, x.shape.map(() => r.dice.from(1, 2))]);
  },
  cumsum: (r) => r.call("cumsum", [r.atLeast(1), r.dice.pick([0, -1])]),
  concat: (r) => {
    const x = r.atLeast(1);
    return r.call("concat", [[x, r.leaf(x.shape), x], -1]);
  },
  gather: (r) => {
    const x = r.atLeast(1);
    return r.call("gather", [x, r.indices([r.dice.from(1, 4)], x.shape[0])]);
  },
  scatter: (r) => {
    const x = r.atLeast(1);
    const size = r.dice.from(1, 4);
    return r.call("scatter", [x, r.indices(x.shape.slice(0, 1), size), size]);
  },
  matmul: (r) => {
    const a = r.matrix();
    const [transposeA, transposeB] = pair(() => r.dice.chance(0.5));
    const inner = a.shape.at(transposeA ? -2 : -1);
    const n = r.dice.from(1, 9);
    return r.call("matmul", [a, r.leaf(transposeB ? [n, inner] : [inner, n]), { transposeA, transposeB }]);
  },
  conv2d: (r) => {
    const x = r.image();
    return r.call("conv2d", [x, ...r.filtersFor(x)]);
  },
  net: (r) => {
    // Operations of training, some of which backends fuse.
    const x = r.leaf([r.dice.pick([1, 2, 12]), ...pair(() => r.dice.pick([8, 12])), r.dice.pick([4, 8])]);
    const f = r.dice.pick([4, 8]);
    const side = r.dice.pick([3, 5]);
    const maps = r.call("conv2d", [x, r.leaf([side, side, x.shape[3], f]), { padding: "same" }]);
    const open = r.call("relu", [r.call("add", [maps, r.leaf([f])])]);
    const pooled = r.call(r.dice.pick(["maxPool2d", "maxPool2d", "averagePool2d"]), [open, { kernelSize: 2 }]);
    return r.dice.chance(0.5)
      ? pooled
      : r.call("matmul", [r.call("flatten", [pooled]), r.leaf([sizeOf(pooled.shape.slice(1)), 3])]);
  },
  convTranspose2d: (r) => {
    const x = r.image();
    const stride = r.dice.from(1, 3);
    const options = { stride, padding: r.dice.pick([0, "same"]) };
    return r.call("convTranspose2d", [
      x,
      r.leaf([...pair(() => r.dice.from(stride, 4)), r.dice.from(1, 5), x.shape[3]]),
      options,
    ]);
  },
  pool: (r) => {
    const x = r.image();
    const options = {
      kernelSize: pair(() => r.dice.from(1, 3)),
      stride: pair(() => r.dice.from(1, 3)),
      padding: r.dice.pick([0, "same"]),
      geometry: r.dice.pick(["floor", "ceil"]),
    };
    const operation = r.dice.pick(["maxPool2d", "averagePool2d", "lpPool2d"]);
    if (operation === "lpPool2d") options.p = r.dice.pick([1, 2, 3, 4, 1.5, 2.5, 7]);
    if (operation === "averagePool2d") options.countPadding = r.dice.chance(0.5);
    return r.call(operation, [x, options]);
  },
  unpool: (r) => {
    const x = r.image();
    const size = { height: r.dice.from(1, 4), width: r.dice.from(1, 4) };
    return r.call("maxUnpool2d", [x, r.indices(x.shape, size.height * size.width), size]);
  },
  resize: (r) => {
    const mode = r.dice.pick(["nearest", "bilinear", "bicubic"]);
    const alignCorners = mode !== "nearest" && r.dice.chance(0.5);
    return r.call("resize", [r.image(), { height: r.dice.from(1, 7), width: r.dice.from(1, 7), mode, alignCorners }]);
  },
  normalize: (r) => {
    const x = r.atLeast(1);
    const [scale, shift] = pair(() => r.leaf(x.shape.slice(-1)));
    return r.dice.pick([
      () => r.call("normalize", [x, r.dice.below(x.shape.length)]),
      () => r.call("layerNorm", [x, { scale, shift }]),
      () => r.call("batchNorm", [x, { scale, shift }]),
      () => r.call("localResponseNorm", [x, { size: 3, alpha: 0.5 }]),
    ])();
  },
  patches: (r) => r.call("patches", [r.image(), { kernelSize: 2, padding: 1, geometry: "floor" }]),
  volume: (r) => {
    const sizes = triple(() => r.dice.from(3, 5));
    const x = r.leaf([r.dice.from(1, 2), ...sizes, r.dice.pick([1, 3, 4])]);
    const kernelSize = triple(() => r.dice.from(1, 3));
    const [stride, operation] = [r.dice.from(1, 2), r.dice.pick(["conv3d", "maxPool3d", "averagePool3d"])];
    if (operation === "conv3d")
      return r.call(operation, [
        x,
        r.leaf([...kernelSize, x.shape[4], r.dice.pick([1, 4])]),
        { padding: "same", stride },
      ]);
    return r.call(operation, [x, { kernelSize, stride, geometry: "ceil" }]);
  },
  steps: (r) => {
    const x = r.any();
    const like = () => r.leaf(x.shape);
    return r.dice.pick([
      () => r.call("momentumStep", [x, like(), 0.9]),
      () => r.call("movingAverage", [x, like(), 0.9]),
      () => r.call("sgdStep", [x, like(), 0.1]),
      () => r.call("adamStep", [x, like(), like(), 0.1, 0.5, 0.25, 1e-7]),
    ])();
  },
};

/** A random recording that the dice determine. `outputs` are its last value and gradients of it. */
export class Recording {
  dice;
  outputs;
  /** Whether some numbers are so large that their rounding errors hide others. */
  isHuge = false;
  #moved;
  #values = [];
  #leaves = [];
  #text = [];
  #oddity;
  #isAnyOperation;

  /** @param moved - Changes the numbers of inputs. */
  constructor(dice, moved = (x) => x) {
    this.dice = dice;
    this.#moved = moved;
    this.#oddity = dice.pick([0, 0.02, 0.2, 0.6]);
    this.#isAnyOperation = dice.chance(0.6);
    const names = this.#isAnyOperation
      ? Object.keys(OPERATIONS)
      : ["unary", "binary", "where", "clip", "steps", "reduce"];
    for (let steps = dice.from(1, 4); steps > 0; steps--) OPERATIONS[dice.pick(names)](this);
    const y = this.#values.at(-1);
    const leaves = [...this.#leaves];
    const seed = this.leaf(y.shape);
    const dxs = t.gradients(y, leaves, { seed, unused: "zeros" });
    const second = dice.chance(0.3) ? t.gradients(dice.pick(dxs), [...leaves, seed], { unused: "zeros" }) : [];
    this.outputs = [y, ...dxs, ...second];
  }

  /** The recording as text, one operation per line. */
  get text() {
    return this.#text.join("\n");
  }

  /** An operation by its name. */
  call(operation, inputs) {
    const y = t[operation](...inputs);
    this.#text.push(`${this.#nameOf(y)} = ${operation}(${inputs.map((x) => this.#shown(x)).join(", ")}), [${y.shape}]`);
    this.#values.push(y);
    return y;
  }

  /** A tensor of numbers. */
  leaf(shape, number = () => this.#number()) {
    const given = Array.from({ length: sizeOf(shape) }, () => Math.fround(number()));
    const x = t.tensor(
      given.map((each) => (Number.isFinite(each) ? Math.fround(this.#moved(each)) : each)),
      shape,
    );
    this.isHuge ||= given.some((each) => Number.isFinite(each) && Math.abs(each) > 100);
    const shown = given.slice(0, 200).map((each) => (Object.is(each, -0) ? "-0" : each));
    this.#leaves.push(x);
    this.#values.push(x);
    this.#text.push(`${this.#nameOf(x)} = tensor([${shown}${given.length > 200 ? ", …" : ""}], [${shape}])`);
    return x;
  }

  /** Indices below a size, and some invalid ones. They are not moved. */
  indices(shape, size) {
    const moved = this.#moved;
    this.#moved = (x) => x;
    const x = this.leaf(shape, () =>
      this.dice.chance(0.8) ? this.dice.below(size) : this.dice.pick([-1, size, 0.5, NaN, 1e10]),
    );
    this.#moved = moved;
    return x;
  }

  #number() {
    const { dice } = this;
    if (!dice.chance(this.#oddity)) return dice.from(-16, 16) / 8 + (dice.chance(0.5) ? dice.below(1000) / 1e4 : 0);
    if (dice.chance(0.4)) return dice.pick(NOT_FINITE);
    // Sums of their products could overflow on one backend only.
    return dice.pick(this.#isAnyOperation ? ODD : [...ODD, 3.4e38, -1e30, 1e20]);
  }

  #shape(rank) {
    return Array.from({ length: rank }, () => this.dice.from(1, 5));
  }

  /** An existing value, or a new one. */
  #some(isRight, shape) {
    const known = this.#values.filter((x) => isRight(x) && x.size <= 4096);
    return known.length > 0 && this.dice.chance(0.8)
      ? this.dice.chance(0.6)
        ? known.at(-1)
        : this.dice.pick(known)
      : this.leaf(shape());
  }

  any() {
    return this.#some(
      () => true,
      () => this.#shape(this.dice.below(4)),
    );
  }
  atLeast(rank) {
    return this.#some(
      (x) => x.rank >= rank,
      () => this.#shape(this.dice.from(rank, 3)),
    );
  }
  matrix() {
    return this.#some(
      (x) => x.rank === 2,
      () => pair(() => this.dice.from(1, 17)),
    );
  }
  image() {
    return this.#some(
      (x) => x.rank === 4 && x.shape.slice(1, 3).every((size) => size >= 3 && size <= 14),
      () => [this.dice.from(1, 2), ...pair(() => this.dice.from(4, 12)), this.dice.pick([1, 3, 4, 8])],
    );
  }
  /** A tensor that broadcasts with another one. */
  like(x) {
    return this.leaf(this.dice.chance(0.6) ? x.shape : x.shape.map((size) => (this.dice.chance(0.5) ? 1 : size)));
  }

  /** Filters and options of a convolution of an image. */
  filtersFor(x) {
    const { dice } = this;
    const c = x.shape[3];
    const groups = dice.pick([1, 1, 1, c]);
    const side = dice.pick([1, 2, 3, 3, 5]);
    const options = {
      groups,
      padding: dice.pick(["same", "same", side >> 1]),
      stride: dice.pick([1, 1, 2]),
      geometry: "floor",
    };
    return [this.leaf([side, side, c / groups, groups * dice.pick([1, 2, 4])]), options];
  }

  #nameOf(x) {
    const known = this.#values.indexOf(x);
    return `x${known < 0 ? this.#values.length : known}`;
  }
  #shown(x) {
    if (Array.isArray(x)) return `[${x.map((each) => this.#shown(each)).join(", ")}]`;
    if (x instanceof t.Tensor) return this.#nameOf(x);
    if (typeof x === "object") {
      return `{ ${Object.entries(x)
        .map(([key, value]) => `${key}: ${this.#shown(value)}`)
        .join(", ")} }`;
    }
    return JSON.stringify(x);
  }
}
