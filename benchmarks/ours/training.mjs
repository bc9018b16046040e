// A training step of `fit`.
import { compileModel, parameters } from "@convlens/layers";
import { crossEntropy, recordStep, sgd } from "@convlens/training";

/** The compiled step of a built model: cross-entropy, SGD with momentum. */
export function trainingOf(model, { momentum = 0.9 } = {}) {
  const learned = parameters(model);
  const optimizer = sgd({ momentum });
  const velocities = optimizer.state(learned);
  const step = compileModel(
    model,
    (inputs, targets, learningRate) => {
      const learning = Array.from(learned, ([path, parameter]) => ({ path, parameter, learningRate }));
      const plan = { loss: crossEntropy, optimizer, learning, diagnostics: false };
      return recordStep(model, { inputs, targets }, plan).results;
    },
    { seed: 1 },
  );
  return { learned, velocities, step };
}
