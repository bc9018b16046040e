import type { Changes } from "../../compute/learningNet.ts";
import { changesInWords, type LearningState } from "./model.ts";

/** The optimizer with its learning rate. */
function optimizerCode({ changes }: LearningState): string {
  const learningRate = `learningRate: ${rateCode(changes)}`;
  switch (changes[0].optimizer) {
    case "adam":
      return `adam({ ${learningRate} })`;
    case "momentum":
      return `sgd({ ${learningRate}, momentum: 0.9 })`;
    case "sgd":
      return `sgd({ ${learningRate} })`;
  }
}

/** The option `learningRate` of the optimizer: a number, or a function of the step. */
function rateCode([first, ...rest]: Changes): string {
  if (rest.length === 0) return String(first.rate);
  return `({ step }) => ${rest
    .toReversed()
    .map(({ step, rate }) => `step >= ${step} ? ${rate} : `)
    .join("")}${first.rate}`;
}

/** Each processor as code, with its import. */
const backendCode = {
  all: ["await cpu()", "cpu", "@convlens/backend-cpu"],
  one: ["await cpu({ threads: 1 })", "cpu", "@convlens/backend-cpu"],
  reference: ["reference()", "reference", "@convlens/backend-reference"],
  graphics: ["await cpu()", "cpu", "@convlens/backend-cpu"],
} as const;

/** The program that trains the same net in Node, to the bit, and saves it to a file that this page can load. */
export function codeOf(state: LearningState): string {
  const { data, filters, seed, batch, changes, processor } = state;
  const batchSize = Number(batch);
  const { optimizer } = changes[0];
  const differs = changes.some((change) => change.optimizer !== optimizer);
  const source =
    data === "digits"
      ? ["await mnist()", "mnist", "@convlens/datasets/node"]
      : [
          `split(${data === "edges" ? "orientedEdges" : "shapes"}({ size: 2500, height: 28, width: 28, seed: 1 }), { test: 0.2 })`,
          `${data === "edges" ? "orientedEdges" : "shapes"}, split`,
          "@convlens/datasets",
        ];
  const [backend, backendName, backendPackage] = backendCode[processor];
  return [
    ...(processor === "graphics" ? ["// Node has no graphics processor; SIMD replaces it."] : []),
    ...(data === "own" ? ["// Your pictures are not part of this program; shapes replace them."] : []),
    `import { writeFile } from "node:fs/promises";`,
    `import { ${backendName} } from "${backendPackage}";`,
    `import { ${source[1]} } from "${source[2]}";`,
    `import { Conv2d, Dense, Flatten, MaxPool2d, ReLU, saveWeights, sequential } from "@convlens/layers";`,
    `import { useBackend } from "@convlens/tensor";`,
    `import { ${optimizer === "adam" ? "adam" : "sgd"}, fit } from "@convlens/training";`,
    ``,
    `useBackend(${backend});`,
    `const { train, test } = ${source[0]};`,
    `const net = sequential([`,
    `  new Conv2d({ filters: ${filters}, kernelSize: 5, padding: "same" }),`,
    `  new ReLU(),`,
    `  new MaxPool2d({ kernelSize: 2 }),`,
    `  new Conv2d({ filters: ${2 * filters}, kernelSize: 5, padding: "same" }),`,
    `  new ReLU(),`,
    `  new MaxPool2d({ kernelSize: 2 }),`,
    `  new Flatten(),`,
    `  new Dense({ units: train.classes.length }),`,
    `]);`,
    `const steps = ${Math.max(1, state.trained)};`,
    `const options = {`,
    `  epochs: Math.ceil(steps / Math.ceil(train.size / ${batchSize})),`,
    `  batchSize: ${batchSize},`,
    `  optimizer: ${optimizerCode(state)},`,
    `  seed: ${seed},`,
    `  validation: test,`,
    `};`,
    `for await (const record of fit(net, train, options)) {`,
    `  if (record.kind === "epoch") console.log(record.epoch, record.loss, record.validation.metrics.accuracy);`,
    `  else if (record.step === steps) break;`,
    `}`,
    `await writeFile("net.safetensors", await saveWeights(net));`,
    ...(differs
      ? [
          `// On the page it was ${changesInWords(changes)}.`,
          `// fit has one optimizer for all steps; a Trainer allows another one for each step.`,
        ]
      : []),
  ].join("\n");
}
