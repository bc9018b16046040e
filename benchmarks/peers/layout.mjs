// Conversions between channels last, the layout of workloads, and channels first.

/** `[n, h, w, c]` → `[n, c, h, w]` */
export const toChannelsFirst = (values, [n, h, w, c]) => moved(values, [n, h * w, c]);
/** `[n, c, h, w]` → `[n, h, w, c]`, given the shape of the latter. */
export const toChannelsLast = (values, [n, h, w, c]) => moved(values, [n, c, h * w]);
/** `[kh, kw, c, f]` → `[f, c, kh, kw]` */
export const toFiltersFirst = (values, [kh, kw, c, f]) =>
  // First the filter, then within each filter the channel.
  moved(moved(values, [1, kh * kw * c, f]), [f, kh * kw, c]);

/** Exchanges the last two of three axes. */
function moved(values, [n, a, b]) {
  const result = new Float32Array(values.length);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < a; j++) for (let k = 0; k < b; k++) result[(i * b + k) * a + j] = values[(i * a + j) * b + k];
  return result;
}

/** Shape with channels first of a shape with channels last. */
export const shapeFirst = ([n, h, w, c]) => [n, c, h, w];
/** Shape of filters with the filters first. */
export const filterShapeFirst = ([kh, kw, c, f]) => [f, c, kh, kw];

/** Output shape of a convolution, channels last. */
export function outputShape({ tensors: { x, w }, pad, stride }) {
  const [n, height, width] = x.shape;
  const [kh, kw, , filters] = w.shape;
  const along = (length, window) => Math.floor((length + 2 * pad - window) / stride) + 1;
  return [n, along(height, kh), along(width, kw), filters];
}

/** Weights of a network for channels first, by name. The inputs of the first dense layer have another order then. */
export function weightsFirst({ steps, tensors }) {
  const found = {};
  const flattened = new Map(steps.filter(({ op }) => op === "flatten").map(({ to, maps }) => [to, maps]));
  for (const { op, x, w, b } of steps) {
    if (w === undefined) continue;
    const { shape, values } = tensors[w];
    found[b] = tensors[b];
    if (op === "conv") found[w] = { shape: filterShapeFirst(shape), values: toFiltersFirst(values, shape) };
    else if (flattened.has(x)) {
      const [height, width, channels] = flattened.get(x);
      const [, units] = shape;
      found[w] = { shape, values: rowsFirst(values, height * width, channels, units) };
    } else found[w] = tensors[w];
  }
  return found;
}

/** Reorders rows from (position, channel) to (channel, position). */
function rowsFirst(values, places, channels, units) {
  const result = new Float32Array(values.length);
  for (let place = 0; place < places; place++)
    for (let channel = 0; channel < channels; channel++)
      result.set(
        values.subarray((place * channels + channel) * units, (place * channels + channel + 1) * units),
        (channel * places + place) * units,
      );
  return result;
}
