import * as c from "./everything.ts";
import type { Tensor } from "./everything.ts";

/** A random program over an image: a chain of operations, some of them joined with earlier results. */
function randomRecipe(random: c.Random, x: Tensor): Tensor {
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  const some = (shape: c.Shape): Tensor => c.tensor(random.uniform(c.sizeOf(shape), -1, 1), shape);
  let y = x;
  for (let i = 2 + random.integer(6); i > 0; i--) {
    const [n, h, w, channels] = y.shape as [number, number, number, number];
    const filters = 1 + random.integer(9);
    const steps: readonly (() => Tensor)[] = [
      () =>
        c.conv2d(y, some([3, 3, channels, filters]), {
          padding: 1,
          stride: pick([1, 1, 2]),
          dilation: h > 4 && w > 4 ? pick([1, 2]) : 1,
        }),
      () => c.conv2d(y, some([2, 3, 1, channels]), { groups: channels, padding: "same" }),
      () => c.convTranspose2d(y, some([2, 2, filters, channels])),
      () => c.maxPool2d(y, { kernelSize: 2, stride: 1 + random.integer(2), padding: 1 }),
      () => c.averagePool2d(y, { kernelSize: [1, 2], stride: 1, padding: "same", countPadding: pick([true, false]) }),
      () => c.add(y, some([channels])),
      () =>
        c.multiply(
          y,
          some(
            pick([
              [h, w, channels],
              [n, 1, 1, 1],
              [1, 1, w, 1],
            ]),
          ),
        ),
      () => c.relu(c.subtract(y, 0.1)),
      () => c.tanh(y),
      () => c.normalize(y, pick([[0, 1, 2], [3], [1, 2, 3]])),
      () => c.batchNorm(y, { scale: some([channels]), shift: some([channels]) }),
      () => c.groupNorm(y, { groups: channels % 2 === 0 ? 2 : 1, scale: some([channels]) }),
      () => c.lpPool2d(y, { kernelSize: 2, stride: 1, padding: "same", p: pick([2, 2.5, 3]) }),
      () => c.resize(y, { height: 1 + random.integer(9), width: w, mode: pick(["nearest", "bilinear"]) }),
      () => c.logSoftmax(y),
      // Continuous where the branch changes; otherwise rounding would decide.
      () => c.where(c.greater(y, 0.3), y, c.subtract(0.6, y)),
      () => c.concat([y, c.flip(y, 2)], 3),
      () => c.subtract(y, c.max(y, [1, 2], { keepAxes: true })),
      () => c.softmax(y),
      () => c.transpose(y, [0, 2, 1, 3]),
      () => c.slice(y, [0, 0, 0, 0], [n, Math.max(1, h - 1), w, channels]),
      () => c.reshape(c.matmul(c.reshape(y, [n * h * w, channels]), some([channels, filters])), [n, h, w, filters]),
    ];
    const next = pick(steps)();
    // Large tensors would be slow.
    if (next.size < 5000) y = next;
  }
  return y;
}

/** Results of a backend for the program with this seed, and for its gradient. */
async function computed(seed: number, backend: c.Backend): Promise<c.Values[]> {
  c.useBackend(backend);
  const random = new c.Random(seed);
  const shape = [1 + random.integer(2), 4 + random.integer(5), 4 + random.integer(5), 1 + random.integer(6)];
  const x = c.tensor(random.uniform(c.sizeOf(shape), -1, 1), shape);
  const y = randomRecipe(random, x);
  return c.evaluate(
    y,
    c.gradients(c.mean(c.multiply(y, c.tensor(random.uniform(y.size), y.shape))), [x], { unused: "zeros" })[0],
  );
}

/** Largest difference of two backends for the program with this seed, forward or backward, relative to the largest number. */
export async function worstDifference(seed: number, reference: c.Backend, backend: c.Backend): Promise<number> {
  const [want, got] = [await computed(seed, reference), await computed(seed, backend)];
  let worst = 0;
  want.forEach((values, k) => {
    // The error of a sum is relative to its largest term; normalisation with a small deviation enlarges it.
    let scale = 1;
    for (const v of values) scale = Math.max(scale, 1 + Math.abs(v));
    values.forEach((v, i) => (worst = Math.max(worst, Math.abs(v - got[k]![i]!) / scale)));
  });
  return worst;
}
