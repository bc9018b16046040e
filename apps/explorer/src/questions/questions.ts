import { parsePattern } from "@convlens/layers";
import { wordsIn } from "../compute/wordsIn.ts";
import { fitOf as layerFit } from "../panels/conv2d/model.ts";
import { levelsOf, parametersOf } from "../panels/copies/model.ts";
import { fitOf } from "../panels/fit/model.ts";
import { appliedKernel } from "../panels/kernels/model.ts";
import { inputAt, positionsOf, seenBy } from "../panels/pooling/model.ts";
import { seenByOne } from "../panels/race/model.ts";
import { grouped } from "../draw/shown.ts";
import { RATE } from "../panels/sound/model.ts";
import { question, type Question } from "./question.ts";

/** Sums of a kernel's rows and columns. */
function sumsOf(kernel: ArrayLike<number>): { readonly rows: number[]; readonly columns: number[] } {
  const sum = (at: (i: number) => number): number[] =>
    [0, 1, 2].map((line) => [0, 1, 2].reduce((total, i) => total + kernel[at(line * 3 + i)]!, 0));
  return { rows: sum((i) => i), columns: sum((i) => (i % 3) * 3 + Math.floor(i / 3)) };
}
const isZero = (value: number): boolean => Math.abs(value) < 1e-6;

/** Numbers of convolutions and fully connected layers in a pattern; 0 if the text is not a pattern. */
function countsIn(pattern: string, repeats: Readonly<Record<string, number>>): { convolutions: number; full: number } {
  try {
    const words = wordsIn(parsePattern(pattern), repeats);
    return { convolutions: words.get("CONV") ?? 0, full: words.get("FC") ?? 0 };
  } catch {
    return { convolutions: 0, full: 0 };
  }
}

/** All questions in the order of the page. */
export const questions: readonly Question[] = [
  question({
    panel: "copies",
    text: "How many copies of A are there for twelve inputs in a line and a window of four?",
    isAnswered: (state) => state.dimensions === "1" && state.inputs === 12 && state.window === 4 && state.stride === 1,
    answer: "dimensions=1&inputs=12&window=4&stride=1",
    because: "Nine: the first window begins at input 1, the last one at input 9. They share 4 weights and 1 bias.",
  }),
  question({
    panel: "copies",
    text: "Build a net with 8 copies of A, 4 of max and 3 of B.",
    isAnswered: (state) =>
      levelsOf(state)
        .map(({ name, width, height }) => `${width * height} ${name}`)
        .join(" ") === "9 x 8 A 4 max 3 B 1 F",
    answer: "dimensions=1&inputs=9&window=2&stride=1&layers=A max B",
    because:
      "Windows of two have 8 positions on 9 inputs, max pooling halves them, and B has 3 positions on the remaining 4.",
  }),
  question({
    panel: "copies",
    text: "How can seven copies of A have 21 weights instead of 3?",
    isAnswered: (state) =>
      state.untied && parametersOf(state, true).copies === 7 && parametersOf(state, true).weights === 21,
    answer: "dimensions=1&inputs=9&window=3&stride=1&layers=A&features=1&untied=1",
    because: "With untied weights they are no longer copies: each learns its own weights, from its own place only.",
  }),
  question({
    panel: "kernels",
    text: "Find a kernel that detects horizontal edges, but is 0 for vertical edges and flat areas.",
    isAnswered: (state) => {
      const { rows, columns } = sumsOf(appliedKernel(state));
      return columns.every(isZero) && !rows.every(isZero);
    },
    answer: "cells=1*2*1*0*0*0*-1*-2*-1&divisor=1",
    because:
      "Each column adds up to 0, so areas and vertical edges give 0. The rows do not, so changes from top to bottom are detected.",
  }),
  question({
    panel: "kernels",
    text: "Which kernel does not change any image?",
    isAnswered: (state) => appliedKernel(state).every((cell, i) => isZero(cell - (i === 4 ? 1 : 0))),
    answer: "cells=0*0*0*0*1*0*0*0*0&divisor=1",
    because: "A 1 in the middle and zeros around it: each pixel becomes itself.",
  }),
  question({
    panel: "sound",
    text: `The higher of the two notes oscillates 2,000 times per second, and a second has ${grouped(RATE)} samples. An average of how many samples removes it completely?`,
    isAnswered: ({ sound, kernel, width }) =>
      sound === "two notes" && kernel === "average" && width % (RATE / 2000) === 0,
    answer: "sound=two notes&kernel=average&width=4",
    because: "4, or a multiple of 4: each window then contains whole oscillations, whose average is 0.",
  }),
  question({
    panel: "conv2d",
    text: "Set stride and padding so that an input of 7 × 7 gives maps of 3 × 3, with filters of 3 × 3 and no unused rows or columns.",
    isAnswered: (state) => {
      const { positions, problem } = layerFit(state);
      return state.size === 7 && state.window === 3 && state.dilation === 1 && positions === 3 && problem === undefined;
    },
    answer: "size=7&window=3&stride=2&padding=0&dilation=1",
    because: "(7 − 3 + 2 · 0) / 2 + 1 = 3. A stride of 3 with a padding of 1 gives the same.",
  }),
  question({
    panel: "conv2d",
    text: "With filters of 5 × 5 and a stride of 1, which padding gives maps of the same size as the input?",
    isAnswered: (state) =>
      state.window === 5 && state.stride === 1 && state.dilation === 1 && layerFit(state).positions === state.size,
    answer: "window=5&stride=1&padding=2&dilation=1",
    because: "2, the number of cells on each side of the middle of the window: (F − 1) / 2.",
  }),
  question({
    panel: "fit",
    text: "W = 10, F = 3, S = 2, P = 0 does not fit. Fix it by changing a single number.",
    isAnswered: (state) => {
      const { W, F, S, P } = state;
      const changes = [W === 10, F === 3, S === 2, P === 0].filter((isSame) => !isSame).length;
      return changes === 1 && fitOf(state).fits;
    },
    answer: "W=11&F=3&S=2&P=0",
    because:
      "An input of 9 or 11, a window of 2 or 4, or a stride of 1 or 7. No padding works, because padding adds an even number of cells.",
  }),
  question({
    panel: "pooling",
    text: "Change one number so that another one is the largest of the first block and gets its gradient.",
    isAnswered: (state) => {
      if (state.kind !== "max" || state.window !== 2 || state.stride !== 2 || positionsOf(state).positions === 0)
        return false;
      const values = seenBy(state, { row: 0, column: 0 }).map((at) => inputAt(state, at));
      return values.indexOf(Math.max(...values)) !== 3;
    },
    answer: "kind=max&window=2&stride=2&edits=x0.0_9",
    because: "Only the largest number of a block matters. A number that is almost as large gets no gradient.",
  }),
  question({
    panel: "pooling",
    text: "Pool a map of 7 × 7 to 3 × 3 with blocks that overlap and no unused rows or columns.",
    isAnswered: (state) => {
      const { positions, overlap, dropped } = positionsOf(state);
      return state.size === 7 && positions === 3 && overlap > 0 && dropped === 0;
    },
    answer: "size=7&window=3&stride=2",
    because: "Windows of 3 with a stride of 2, as in AlexNet: (7 − 3) / 2 + 1 = 3.",
  }),
  question({
    panel: "race",
    text: "Find a size of colour images for which a fully connected neuron needs more than 100,000 weights.",
    isAnswered: (state) => state.channels === 3 && seenByOne(state) > 100_000,
    answer: "side=183&channels=3",
    because: "From 183 × 183 × 3 = 100,467 on. A filter of 5 × 5 × 3 has 75 weights at any size.",
  }),
  question({
    panel: "surgery",
    text: "A net that slides over an image should give the same answers as for each crop. When does it not?",
    isAnswered: ({ padding }) => padding !== "0",
    answer: "padding=1",
    because: "With padding: a crop has zeros around it where the image continues.",
  }),
  question({
    panel: "architectures",
    text: "Write a net with at least three convolutions and a single fully connected layer.",
    isAnswered: ({ pattern, N, M, K }) => {
      const { convolutions, full } = countsIn(pattern, { N, M, K });
      return convolutions >= 3 && full === 1;
    },
    answer: `pattern=${encodeURIComponent("INPUT -> [CONV3-64 -> RELU -> POOL2]*4 -> FC-10")}`,
    because: "The table shows that this one layer may still have most of the weights.",
  }),
  question({
    panel: "learning",
    text: "How did the filters look before training? Train the net, then go back.",
    isAnswered: ({ trained, at }) => trained > 0 && at === 0,
    answer: "trained=3&at=0",
    because: "Like noise: the initial weights are random. Everything else was learned from examples.",
  }),
  question({
    panel: "learning",
    text: "Smaller steps can make late training steadier. After at least 20 steps, reduce the learning rate to a tenth or less.",
    isAnswered: ({ changes }) =>
      changes.some(({ step, rate }, i) => i > 0 && step >= 20 && rate <= changes[i - 1]!.rate / 9.99),
    answer: "changes=0_adam_0.003*40_adam_0.0003",
    because: "From there on the loss is steadier and falls more slowly. Learning rate schedules do this.",
  }),
  question({
    panel: "xray",
    text: "The receptive field of the first convolution is 5 × 5. For which layer is it 16 × 16?",
    isAnswered: ({ layer }) => layer === 6,
    answer: "layer=6",
    because:
      "The second pooling: 5, then 5 + 1 = 6 after the first pooling, 6 + 4 · 2 = 14 after the second convolution, and 14 + 2 = 16.",
  }),
  question({
    panel: "why",
    text: "Which explanations change when nothing that the net has learned is left? Shuffle the weights of three layers and compare.",
    isAnswered: ({ forgotten }) => forgotten >= 3,
    answer: "forgotten=3",
    because: "A map that still looks the same depends on the edges of the drawing, not on the net.",
  }),
  question({
    panel: "floor",
    text: "Which needs the most memory: reading one digit, reading 64, or learning from 64?",
    isAnswered: ({ work, batch }) => work === "learn from digits" && batch === "64",
    answer: "work=learn from digits&batch=64",
    because: "Learning: activations of the forward pass must be kept until the backward pass has used them.",
  }),
  question({
    panel: "floor",
    text: "Does reading 64 digits in a batch take 64 times as long as reading one?",
    isAnswered: ({ work, batch }) => work === "read digits" && batch === "64",
    answer: "work=read digits&batch=64",
    because:
      "No, less: a part of the cost of a run does not depend on the batch, and more digits keep all threads busy.",
  }),
];
