const n = 64;
const values = Float32Array.from({ length: n * 36 }, (_, i) => Math.sin(i));
const sums = Float32Array.from({ length: n }, (_, i) =>
  values.subarray(i * 36, i * 36 + 36).reduce((a, b) => a + b, 0),
);
const net = tf.sequential({
  layers: [
    tf.layers.flatten({ inputShape: [6, 6, 1] }),
    tf.layers.dense({ units: 8, activation: "relu" }),
    tf.layers.dense({ units: 1 }),
  ],
});
net.compile({ optimizer: tf.train.adam(1e-3), loss: "meanSquaredError", metrics: ["mae"] });
await net.fit(tf.tensor(values, [n, 6, 6, 1]), tf.tensor(sums, [n, 1]), {
  epochs: 3,
  validationSplit: 0.25,
});
// There is no metric R², so it is computed from predictions.
const [x, y] = [tf.tensor(values.subarray(48 * 36), [16, 6, 6, 1]), tf.tensor(sums.subarray(48), [16, 1])];
const error = tf.sum(tf.square(tf.sub(net.predict(x), y)));
console.log(1 - error.dataSync()[0] / tf.sum(tf.square(tf.sub(y, tf.mean(y)))).dataSync()[0]);
