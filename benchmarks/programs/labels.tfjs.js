const n = 32;
const values = Float32Array.from({ length: n * 64 }, (_, i) => Math.sin(i * i));
const labels = Float32Array.from({ length: n * 3 }, (_, i) => (values[i] > 0 ? 1 : 0));
const net = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, activation: "relu", inputShape: [64] }),
    tf.layers.dense({ units: 3, activation: "sigmoid" }),
  ],
});
const exactMatch = (y, x) => tf.mean(tf.all(tf.equal(tf.greater(x, 0.5), tf.cast(y, "bool")), -1));
net.compile({ optimizer: tf.train.adam(1e-3), loss: "binaryCrossentropy", metrics: ["binaryAccuracy", exactMatch] });
await net.fit(tf.tensor(values, [n, 64]), tf.tensor(labels, [n, 3]), { epochs: 3 });
