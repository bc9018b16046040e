// TensorFlow.js on any of its backends. Inputs and weights are there before the clock starts; results of kernels stay there, outputs
// of networks and losses are read.

const activation = ({ relu }) => (relu ? "relu" : "linear");
/** Steps of a network by kind. */
const operations = (tf) => ({
  conv: ({ x, filter, bias, stride, pad, groups, ...step }) =>
    (groups === 1 ? tf.fused.conv2d : tf.fused.depthwiseConv2d)({
      ...{ x, filter, bias, pad },
      strides: stride,
      activation: activation(step),
      dimRoundingMode: "floor",
    }),
  maxPool: ({ x, size, stride, pad }) => tf.maxPool(x, size, stride, pad, "floor"),
  addRelu: ({ x, y }) => tf.relu(tf.add(x, y)),
  mean: ({ x }) => tf.mean(x, [1, 2]),
  flatten: ({ x }) => tf.reshape(x, [x.shape[0], -1]),
  dense: ({ x, filter, bias, ...step }) => tf.fused.matMul({ a: x, b: filter, bias, activation: activation(step) }),
});

/** Output of a network. */
function answers(tf, steps, { x: input, ...weights }) {
  const known = operations(tf);
  const values = { x: input };
  let last;
  for (const { op, x, y, w, b, to, ...step } of steps)
    last = values[to] = known[op]({ ...step, x: values[x], y: values[y], filter: weights[w], bias: weights[b] });
  return last;
}

/** In filters of a depthwise convolution the channel comes before the multiplier. */
function resident(tf, { tensors, steps = [], groups }) {
  const depthwise = new Set(steps.filter((step) => step.groups > 1).map(({ w }) => w));
  if (groups > 1) depthwise.add("w");
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { values, shape }]) => {
      const [kh, kw, , channels] = shape;
      return [name, tf.tensor(values, depthwise.has(name) ? [kh, kw, channels, 1] : shape)];
    }),
  );
}

/** Computations by kind of workload. */
const kinds = (tf) => ({
  launches: (_, { a, b }) => Array.from({ length: 100 }).reduce((y) => tf.matMul(y, b), a),
  matmul: (_, { a, b }) => tf.matMul(a, b),
  conv2d: ({ stride, pad, groups }, { x, w }) =>
    groups === 1
      ? tf.conv2d(x, w, stride, pad, "NHWC", 1, "floor")
      : tf.depthwiseConv2d(x, w, stride, pad, "NHWC", 1, "floor"),
  infer: ({ steps }, tensors) => answers(tf, steps, tensors),
});

/** A step of training: cross-entropy, SGD with momentum, from images and labels in arrays to the loss as a number. */
function training(tf, read, { steps, tensors: { x, labels, ...rest }, rate, momentum }) {
  const classes = rest[steps.findLast(({ w }) => w !== undefined).w].shape.at(-1);
  const weights = Object.fromEntries(
    Object.entries(rest).map(([name, { values, shape }]) => [name, tf.variable(tf.tensor(values, shape))]),
  );
  let optimizer = tf.train.momentum(rate, momentum);
  const run = async () => {
    const [images, wanted] = tf.tidy(() => [
      tf.tensor(x.values, x.shape),
      tf.oneHot(tf.tensor1d(labels.values, "int32"), classes),
    ]);
    const loss = optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(wanted, answers(tf, steps, { x: images, ...weights })),
      true,
      Object.values(weights),
    );
    const [value] = await read(loss);
    tf.dispose([images, wanted, loss]);
    return value;
  };
  const reset = () => {
    optimizer.dispose();
    optimizer = tf.train.momentum(rate, momentum);
    tf.tidy(() => {
      for (const [name, weight] of Object.entries(weights))
        weight.assign(tf.tensor(rest[name].values, rest[name].shape));
    });
  };
  return {
    run,
    reset,
    result: async () => {
      reset();
      const losses = [];
      for (let i = 0; i < 5; i++) losses.push(await run());
      return Float32Array.from(losses);
    },
    release: () => {
      optimizer.dispose();
      tf.dispose(weights);
    },
  };
}

/**
 * Prepares workloads.
 *
 * @param tf - The functions of @tensorflow/tfjs-core, with a backend.
 * @param read - Returns the numbers of a tensor, or a promise of them.
 * @param cannot - Why it cannot run a kind of workload, by kind.
 * @param absent - Makes the error of it.
 */
export const preparing =
  (tf, { read = (y) => y.dataSync(), cannot = {}, absent }) =>
  (work) => {
    if (work.kind in cannot) throw absent(cannot[work.kind]);
    if (work.kind === "train") return training(tf, read, work);
    const compute = kinds(tf)[work.kind];
    if (compute === undefined) throw absent("not entered for this");
    const tensors = resident(tf, work);
    const isNet = work.kind === "infer";
    return {
      run: () => {
        const y = tf.tidy(() => compute(work, tensors));
        const values = isNet ? read(y) : undefined;
        if (!(values instanceof Promise)) return y.dispose();
        return values.then(() => y.dispose());
      },
      result: async () => {
        const y = tf.tidy(() => compute(work, tensors));
        const values = Float32Array.from(await read(y));
        y.dispose();
        return values;
      },
      release: () => tf.dispose(tensors),
    };
  };
