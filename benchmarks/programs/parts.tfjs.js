const n = 16;
const image = tf.input({ shape: [8, 8, 1] });
const meta = tf.input({ shape: [3] });
const maps = tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu" }).apply(image);
const features = tf.layers.concatenate().apply([tf.layers.flatten().apply(maps), meta]);
const label = tf.layers.dense({ units: 2, activation: "softmax", name: "label" }).apply(features);
const box = tf.layers.dense({ units: 4, name: "box" }).apply(features);
const net = tf.model({ inputs: [image, meta], outputs: [label, box] });
const huber = (y, x) => tf.mul(0.5, tf.losses.huberLoss(y, x));
net.compile({
  optimizer: tf.train.adam(1e-3),
  loss: ["sparseCategoricalCrossentropy", huber],
  metrics: { label: "accuracy" },
});
await net.fit(
  [tf.tensor(new Float32Array(n * 64), [n, 8, 8, 1]), tf.tensor(new Float32Array(n * 3), [n, 3])],
  [
    tf.tensor(
      Float32Array.from({ length: n }, (_, i) => i % 2),
      [n, 1],
    ),
    tf.tensor(new Float32Array(n * 4), [n, 4]),
  ],
  { batchSize: 32 },
);
