const n = 8;
const values = Float32Array.from({ length: n * 64 }, (_, i) => (i % 8 > 3 ? 1 : 0));
const net = tf.sequential({
  layers: [
    tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu", inputShape: [8, 8, 1] }),
    tf.layers.conv2d({ filters: 2, kernelSize: 1 }),
  ],
});
const weights = tf.tensor([1, 2]);
const loss = (labels, logits) =>
  tf.tidy(() => {
    const counted = tf.notEqual(labels, 255).toFloat();
    const rows = tf.oneHot(tf.mul(labels, counted).toInt(), 2).mul(counted.expandDims(-1));
    const each = tf.neg(tf.sum(tf.mul(tf.mul(rows, weights), tf.logSoftmax(logits)), -1));
    return tf.div(tf.sum(each), tf.sum(tf.mul(rows, weights)));
  });
const iou = (labels, logits) => {
  const answers = tf.argMax(logits, -1);
  const each = [0, 1].map((c) => {
    const [own, right] = [tf.equal(answers, c), tf.equal(labels, c)];
    return tf.div(tf.sum(tf.logicalAnd(own, right)), tf.sum(tf.logicalOr(own, right)));
  });
  return tf.mean(tf.stack(each));
};
const optimizer = tf.train.adam(1e-3);
const [images, masks] = [tf.tensor(values, [n, 8, 8, 1]), tf.tensor(values, [n, 8, 8])];
const flips = tf.lessEqual(tf.randomUniform([n, 1, 1, 1]), 0.5);
const flippedImages = tf.where(flips, tf.reverse(images, 2), images);
const flippedMasks = tf.where(flips.squeeze([3]), tf.reverse(masks, 2), masks);
optimizer.minimize(() => loss(flippedMasks, net.apply(flippedImages, { training: true })));
console.log(iou(flippedMasks, net.predict(flippedImages)).dataSync()[0]);
