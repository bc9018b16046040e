const net = tf.sequential({
  layers: [
    tf.layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", activation: "relu", inputShape: [12, 12, 1] }),
    tf.layers.conv2d({ filters: 1, kernelSize: 3, padding: "same" }),
  ],
});
const psnr = (y, x) => tf.mul(-10 / Math.LN10, tf.log(tf.mean(tf.square(tf.sub(y, x)))));
net.compile({ optimizer: tf.train.adam(1e-3), loss: "meanSquaredError", metrics: [psnr] });
const noisy = tf.data.array(examples).map((image) => {
  const clean = tf.tensor(image, [12, 12, 1]);
  return { xs: tf.add(clean, tf.randomNormal([12, 12, 1], 0, 0.2)), ys: clean };
});
await net.fitDataset(noisy.shuffle(64).batch(32), { epochs: 1 });
