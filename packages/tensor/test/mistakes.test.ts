import { reference } from "@convlens/backend-reference";
import { beforeEach } from "vitest";
import { testMistakes } from "../../../tools/testMistakes.ts";
import * as t from "../src/index.ts";
import type { Tensor } from "../src/index.ts";

// Errors of this package, one for each mistake of a user. Those of windows are tested in packages/backend.

beforeEach(() => t.useBackend(reference()));

const image = (): Tensor => t.zeros([2, 6, 6, 1]);
const variable = (): t.Variable => new t.Variable([1, 2], [2], { name: "w" });

/** Calls a function while another one is recorded, and awaits its result. */
async function inside(work: (x: Tensor) => Promise<unknown>): Promise<void> {
  let result: Promise<unknown> = Promise.resolve();
  await t.compile((x: Tensor) => {
    result = work(x);
    result.catch(() => undefined);
    return x;
  })(t.zeros([1]));
  await result;
}

const mistakes: Readonly<Record<string, () => unknown>> = {
  // Shapes
  "values that do not fill a shape": () => t.tensor([1, 2, 3], [2, 2]),
  "ragged rows": () => t.tensor([[1, 2], [3]]),
  "a shape of halves": () => t.zeros([2.5]),
  "a tensor that does not fit into memory": () => t.ones([1e6, 1e6]),
  "a reshape of another size": () => t.reshape(t.zeros([2, 3]), [4]),
  "a reshape with two open axes": () => t.reshape(t.zeros([2, 3]), [-1, -1]),
  "flattening a scalar": () => t.flatten(t.zeros([])),
  "stretching to a shape that does not fit": () => t.broadcastTo(t.zeros([2, 3]), [2, 4]),
  "adding shapes that do not fit": () => t.add(t.zeros([2, 3]), t.zeros([2])),
  "an axis that does not exist": () => t.sum(t.zeros([2, 3]), 2),
  "an axis of a scalar": () => t.max(t.zeros([]), 0),
  "an order without an axis": () => t.transpose(t.zeros([2, 3]), [0]),
  "an order with an axis twice": () => t.transpose(t.zeros([2, 3]), [0, 0]),
  "a slice without a number for each axis": () => t.slice(t.zeros([2, 3]), [0], [1]),
  "a slice beyond the end": () => t.slice(t.range(5), [3], [4]),
  "a slice backwards beyond the beginning": () => t.slice(t.range(5), [1], [3], [-1]),
  "joining nothing": () => t.concat([]),
  "joining shapes that differ": () => t.concat([t.zeros([2, 3]), t.zeros([2, 4])], 0),
  "padding without a pair for each axis": () => t.pad(t.zeros([2, 3]), [[1, 1]]),
  "padding that reflects more than there is": () => t.pad(t.zeros([3]), [[3, 0]], { mode: "reflect" }),
  "padding with a mirror image and a value": () => t.pad(t.zeros([3]), [[1, 0]], { mode: "reflect", value: 1 }),
  "a volume without a batch axis": () => t.conv3d(t.zeros([4, 4, 4, 1]), t.zeros([3, 3, 3, 1, 1])),
  "filters deeper than the volume": () => t.conv3d(t.zeros([1, 2, 4, 4, 1]), t.zeros([3, 3, 3, 1, 1])),
  "filters wider than the volume": () => t.conv3d(t.zeros([1, 4, 4, 2, 1]), t.zeros([3, 3, 3, 1, 1])),
  "filters of a volume for other channels": () => t.conv3d(t.zeros([1, 4, 4, 4, 2]), t.zeros([3, 3, 3, 1, 1])),
  "a window over the padding of the depth": () =>
    t.maxPool3d(t.zeros([1, 2, 2, 2, 1]), { kernelSize: 1, padding: [1, 0, 0] }),
  "aligned corners of nearest pixels": () =>
    t.resize(t.zeros([1, 2, 2, 1]), { height: 4, width: 4, mode: "nearest", alignCorners: true }),
  "tiling without a number for each axis": () => t.tile(t.zeros([2, 3]), [2]),
  "tiling with half a copy": () => t.tile(t.zeros([2, 3]), [2, 1.5]),
  "sums along an axis that does not exist": () => t.cumsum(t.zeros([2, 3]), 2),
  "a mirror image wider than the axis": () => t.pad(t.range(3), [[3, 0]], { mode: "reflect" }),
  "rows for other indices": () => t.scatter(t.zeros([3, 2]), t.range(2), 4),
  "the largest of nothing": () => t.argmax(t.zeros([2, 0]), 1),
  "matrices that do not fit": () => t.matmul(t.zeros([2, 3]), t.zeros([4, 5])),
  "a transposed matrix that does not fit": () => t.matmul(t.zeros([2, 3]), t.zeros([3, 5]), { transposeA: true }),
  "a vector as a matrix": () => t.matmul(t.zeros([3]), t.zeros([3, 2])),
  "a signal without its batch axis": () => t.conv1d(t.zeros([28, 1]), t.zeros([3, 1, 8])),
  "filters of a signal without an axis": () => t.conv1d(t.zeros([1, 28, 1]), t.zeros([3, 8])),
  "an image as a signal": () => t.maxPool1d(image(), { kernelSize: 2 }),
  "an image without its batch axis": () => t.conv2d(t.zeros([28, 28, 1]), t.zeros([3, 3, 1, 8])),
  "an image with its channels first": () => t.conv2d(t.zeros([32, 3, 28, 28]), t.zeros([3, 3, 3, 8])),
  "filters for other channels": () => t.conv2d(t.zeros([32, 28, 28, 3]), t.zeros([3, 3, 1, 8])),
  "filters of one position for all": () => t.locallyConnected2d(image(), t.zeros([1, 1, 9, 2]), { kernelSize: 3 }),
  "unpooling by indices of another shape": () =>
    t.maxUnpool2d(t.zeros([1, 2, 2, 1]), t.zeros([1, 2, 1, 1]), { height: 4, width: 4 }),
  "unpooling to more than float32 can count": () =>
    t.maxUnpool2d(t.zeros([1, 1, 1, 1]), t.zeros([1, 1, 1, 1]), { height: 5000, width: 5000 }),
  "groups that do not divide the channels": () => t.groupNorm(t.zeros([2, 4, 3]), { groups: 2 }),
  "resizing a vector": () => t.resize(t.zeros([4]), { height: 2, width: 2 }),
  "resizing no pixels": () => t.resize(t.zeros([1, 0, 2, 1]), { height: 2, width: 2 }),
  "labels as targets": () => t.softmaxCrossEntropy(t.zeros([2, 3]), t.zeros([2])),
  "targets of another shape": () => t.sigmoidCrossEntropy(t.zeros([2, 1]), t.zeros([2])),
  // Values and options
  "an array as a tensor": () => t.relu([1, 2] as never),
  "a typed array as a tensor": () => t.relu(new Float32Array(3) as never),
  "a promise as a tensor": () => t.relu(Promise.resolve(t.zeros([1])) as never),
  "nothing as a tensor": () => t.relu(undefined as never),
  "a depth of a half": () => t.oneHot(t.zeros([1]), 2.5),
  "a rate of 1": () => t.dropout(t.zeros([2]), 1),
  "a range without an end": () => t.range(0, 1, 0),
  "a seed of a half": () => t.setSeed(0.5),
  "an option that does not exist": () => t.matmul(t.zeros([1, 1]), t.zeros([1, 1]), { transposea: true } as never),
  "a tensor as a number": () => Number(t.add(t.zeros([]), 1)) + 1,
  "one number of many": () => t.zeros([3]).item(),
  "one known number of many": () => t.zeros([3]).knownValue,
  "values before they are computed": () => t.add(t.zeros([1]), 1).knownValues,
  // Gradients
  "a gradient of a tensor that is not involved": () => t.gradients(t.zeros([]), [t.zeros([2])]),
  "a gradient of a variable that was assigned": () => {
    const w = variable();
    const y = t.sum(w);
    w.assign(t.add(w, 1));
    return t.gradients(y, [w]);
  },
  "a seed of another shape": () => {
    const x = t.zeros([2]);
    return t.gradients(t.square(x), [x], { seed: t.ones([3]) });
  },
  // Compiled functions
  "reading inside of a compiled function": () => t.compile((x: Tensor) => void x.knownValues)(t.zeros([1])),
  "awaiting inside of a compiled function": () => inside((x) => t.evaluate(x)),
  "a compiled function that is async": () => t.compile((async (x: Tensor) => x) as never)(),
  "a compiled function that returns a number": () => t.compile(() => [3] as never)(),
  "a compiled function inside of another": () => inside(t.compile((x: Tensor) => x)),
  "a tensor over a variable from outside": () => {
    const outside = t.multiply(variable(), 2);
    return t.compile((x: Tensor) => t.add(x, outside))(t.zeros([1]));
  },
  "an argument of another compiled function": async () => {
    let leaked: Tensor | undefined;
    await t.compile((x: Tensor) => (leaked = t.add(x, 1)))(t.zeros([1]));
    return t.compile((x: Tensor) => t.add(x, leaked!))(t.zeros([1]));
  },
  "a tensor of a compiled function outside of it": async () => {
    let leaked: Tensor | undefined;
    await t.compile((x: Tensor) => (leaked = t.add(x, 1)))(t.zeros([1]));
    return t.add(leaked!, 1).data();
  },
  "a total that is never read": () => {
    let total: Tensor = t.zeros([]);
    for (let i = 0; i < 30_000; i++) total = t.add(total, 1);
  },
  // Variables
  "values that do not fill a variable": () => new t.Variable([1, 2, 3], [2], { name: "w" }),
  "an assignment of another shape": () => variable().assign(t.zeros([3])),
  "a write while a function is compiled": () => t.compile(() => variable().write([1, 2]))(),
  "an old value of a variable": async () => {
    const w = variable();
    const old = t.multiply(w, 2);
    w.assign(t.add(w, 1));
    await w.data();
    return old.data();
  },
  "a variable that was disposed": () => {
    const w = variable();
    w.dispose();
    return t.add(w, 1);
  },
  "a variable of another backend": async () => {
    const [w, x] = [variable(), variable()];
    w.assign(t.add(w, 1));
    await t.evaluate();
    t.useBackend(reference({ precision: "float64" }));
    x.assign(t.add(x, 1));
    await t.evaluate();
    return t.add(w, x).data();
  },
  // Backends
  "a promise as a backend": () => t.useBackend(Promise.resolve(reference()) as never),
  "a function as a backend": () => t.useBackend(reference as never),
};

testMistakes(mistakes);
