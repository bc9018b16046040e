// A network of works/nets.mjs as a layer.
import * as t from "@convlens/tensor";

const withRelu = (y, { relu }) => (relu ? t.relu(y) : y);

/** Steps by kind; `w` and `b` are their weights. */
const operations = {
  conv: ({ x }, { w, b }, { stride, pad, groups, ...step }) =>
    withRelu(t.add(t.conv2d(x, w, { stride, padding: pad, groups, geometry: "floor" }), b), step),
  maxPool: ({ x }, _, { size, stride, pad }) =>
    t.maxPool2d(x, { kernelSize: size, stride, padding: pad, geometry: "floor" }),
  addRelu: ({ x, y }) => t.relu(t.add(x, y)),
  mean: ({ x }) => t.mean(x, [1, 2]),
  flatten: ({ x }) => t.flatten(x),
  dense: ({ x }, { w, b }, step) => withRelu(t.add(t.matmul(x, w), b), step),
};

export class Net {
  #steps;

  constructor(steps, tensors) {
    this.#steps = steps;
    this.weights = Object.fromEntries(
      steps.flatMap(({ w, b }) =>
        [w, b].filter(Boolean).map((name) => [name, new t.Variable(tensors[name].values, tensors[name].shape)]),
      ),
    );
  }

  call(input) {
    const values = { x: input };
    let last;
    for (const { op, x, y, w, b, to, ...step } of this.#steps) {
      const weights = { w: this.weights[w], b: this.weights[b] };
      last = values[to] = operations[op]({ x: values[x], y: values[y] }, weights, step);
    }
    return last;
  }
}
