// A training step of `fit`.
import { parameters } from "@convlens/layers";
import { crossEntropy, sgd, trainStep } from "@convlens/training";

/** The compiled step of a built model: cross-entropy, SGD with momentum. */
export function trainingOf(model, { momentum = 0.9 } = {}) {
  const learned = parameters(model);
  const optimizer = sgd({ momentum });
  const velocities = optimizer.state(learned);
  const options = { loss: crossEntropy, optimizer, diagnostics: false, seed: 1 };
  return { learned, velocities, step: trainStep(model, options) };
}
