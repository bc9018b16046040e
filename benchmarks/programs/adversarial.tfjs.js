const critic = tf.sequential({
  layers: [tf.layers.dense({ units: 8, activation: "relu", inputShape: [2] }), tf.layers.dense({ units: 1 })],
});
const generator = tf.sequential({
  layers: [tf.layers.dense({ units: 8, activation: "relu", inputShape: [3] }), tf.layers.dense({ units: 2 })],
});
const [criticOptimizer, generatorOptimizer] = [tf.train.adam(), tf.train.adam()];
const variablesOf = (net) => net.trainableWeights.map((weight) => weight.val);
const step = (real) => {
  const noise = tf.randomNormal([real.shape[0], 3]);
  const made = generator.predict(noise);
  const criticLoss = criticOptimizer.minimize(
    () => {
      const [ofReal, ofMade] = [critic.apply(real), critic.apply(made)];
      return tf.add(
        tf.losses.sigmoidCrossEntropy(tf.onesLike(ofReal), ofReal),
        tf.losses.sigmoidCrossEntropy(tf.zerosLike(ofMade), ofMade),
      );
    },
    true,
    variablesOf(critic),
  );
  const generatorLoss = generatorOptimizer.minimize(
    () => {
      const answer = critic.apply(generator.apply(noise));
      return tf.losses.sigmoidCrossEntropy(tf.onesLike(answer), answer);
    },
    true,
    variablesOf(generator),
  );
  return { criticLoss, generatorLoss };
};
for (let i = 0; i < 3; i++) console.log(tf.tidy(() => step(tf.randomNormal([8, 2])).criticLoss.dataSync()[0]));
