import { parsePattern } from "@convlens/layers";
import { wordsIn } from "../compute/wordsIn.ts";
import { fitOf as layerFit } from "../panels/conv2d/model.ts";
import { levelsOf, parametersOf } from "../panels/copies/model.ts";
import { fitOf } from "../panels/fit/model.ts";
import { appliedKernel } from "../panels/kernels/model.ts";
import { inputAt, lieOf, seenBy } from "../panels/pooling/model.ts";
import { seenByOne } from "../panels/race/model.ts";
import { RATE } from "../panels/sound/model.ts";
import { question, type Question } from "./question.ts";

/** The sums of a kernel's rows, and of its columns. */
function sumsOf(kernel: ArrayLike<number>): { readonly rows: number[]; readonly columns: number[] } {
  const sum = (at: (i: number) => number): number[] =>
    [0, 1, 2].map((line) => [0, 1, 2].reduce((total, i) => total + kernel[at(line * 3 + i)]!, 0));
  return { rows: sum((i) => i), columns: sum((i) => (i % 3) * 3 + Math.floor(i / 3)) };
}
const isZero = (value: number): boolean => Math.abs(value) < 1e-6;

/** Number of convolutions and of full connections in a pattern; 0 of both in a text that is not a pattern. */
function countsIn(pattern: string, repeats: Readonly<Record<string, number>>): { convolutions: number; full: number } {
  try {
    const words = wordsIn(parsePattern(pattern), repeats);
    return { convolutions: words.get("CONV") ?? 0, full: words.get("FC") ?? 0 };
  } catch {
    return { convolutions: 0, full: 0 };
  }
}

/** All questions, in the order in which they are asked. */
export const questions: readonly Question[] = [
  question({
    chapter: 1,
    panel: "copies",
    text: "Twelve inputs in a line, and an A that looks at four of them. How many copies are there? Try it.",
    isAnswered: (state) => state.dimensions === "1" && state.inputs === 12 && state.window === 4 && state.stride === 1,
    answer: "dimensions=1&inputs=12&window=4&stride=1",
    because:
      "Nine: the window begins at the first input and stops where its end meets the last. They share 4 weights and 1 bias.",
  }),
  question({
    chapter: 1,
    panel: "copies",
    text: "Build a net with 8 copies of A, 4 of max and 3 of B.",
    isAnswered: (state) =>
      levelsOf(state)
        .map(({ name, width, height }) => `${width * height} ${name}`)
        .join(" ") === "9 x 8 A 4 max 3 B 1 F",
    answer: "dimensions=1&inputs=9&window=2&stride=1&layers=A max B",
    because: "Windows of two leave 8 of 9, max halves them, and B, two at a time, leaves 3 of 4.",
  }),
  question({
    chapter: 1,
    panel: "copies",
    text: "Seven copies of A, and 21 weights instead of 3: what has to be given up?",
    isAnswered: (state) =>
      state.untied && parametersOf(state, true).copies === 7 && parametersOf(state, true).weights === 21,
    answer: "dimensions=1&inputs=9&window=3&stride=1&layers=A&features=1&untied=1",
    because: "That they are copies. Untied, each learns for itself, from its own place alone.",
  }),
  question({
    chapter: 2,
    panel: "kernels",
    text: "Find a kernel that answers to level edges, but neither to upright ones nor to flat areas.",
    isAnswered: (state) => {
      const { rows, columns } = sumsOf(appliedKernel(state));
      return columns.every(isZero) && !rows.every(isZero);
    },
    answer: "cells=1*2*1*0*0*0*-1*-2*-1&divisor=1",
    because:
      "Each of its columns adds up to 0, so what is the same all the way down gives 0; its rows do not, so a change from top to bottom is seen.",
  }),
  question({
    chapter: 2,
    panel: "kernels",
    text: "Which nine numbers leave every image as it is?",
    isAnswered: (state) => appliedKernel(state).every((cell, i) => isZero(cell - (i === 4 ? 1 : 0))),
    answer: "cells=0*0*0*0*1*0*0*0*0&divisor=1",
    because: "One in the middle and nothing around it: each pixel is once itself.",
  }),
  question({
    chapter: 2,
    panel: "sound",
    text: `The higher of the two notes swings 2,000 times a second, and a second has ${RATE.toLocaleString("en")} samples. An average of how many silences it altogether?`,
    isAnswered: ({ sound, kernel, width }) =>
      sound === "two notes" && kernel === "average" && width % (RATE / 2000) === 0,
    answer: "sound=two notes&kernel=average&width=4",
    because: "4, or any multiple: then each window holds whole swings, whose ups and downs cancel.",
  }),
  question({
    chapter: 3,
    panel: "conv2d",
    text: "Set stride and padding such that an input of 7 × 7 gives maps of 3 × 3, with filters of 3 × 3 and nothing left over.",
    isAnswered: (state) => {
      const { positions, problem } = layerFit(state);
      return state.size === 7 && state.window === 3 && state.dilation === 1 && positions === 3 && problem === undefined;
    },
    answer: "size=7&window=3&stride=2&padding=0&dilation=1",
    because: "(7 − 3 + 2 · 0) / 2 + 1 = 3. With a padding of 1, a stride of 3 does it as well.",
  }),
  question({
    chapter: 3,
    panel: "conv2d",
    text: "With filters of 5 × 5 that step by one: which padding leaves the maps as large as the input?",
    isAnswered: (state) =>
      state.window === 5 && state.stride === 1 && state.dilation === 1 && layerFit(state).positions === state.size,
    answer: "window=5&stride=1&padding=2&dilation=1",
    because: "2, half of what the window has beside its middle: (F − 1) / 2.",
  }),
  question({
    chapter: 3,
    panel: "fit",
    text: "W = 10, F = 3, S = 2, P = 0 does not fit. Mend it by changing a single one of them.",
    isAnswered: (state) => {
      const { W, F, S, P } = state;
      const changes = [W === 10, F === 3, S === 2, P === 0].filter((isSame) => !isSame).length;
      return changes === 1 && fitOf(state).fits;
    },
    answer: "W=11&F=3&S=2&P=0",
    because: "A cell more or less, a window of 2 or 4, a stride of 1 or 7; but no padding, since that comes in twos.",
  }),
  question({
    chapter: 4,
    panel: "pooling",
    text: "Change one number so that another one wins in the first block and takes its gradient.",
    isAnswered: (state) => {
      if (state.kind !== "max" || state.window !== 2 || state.stride !== 2 || lieOf(state).positions === 0)
        return false;
      const values = seenBy(state, { row: 0, column: 0 }).map((at) => inputAt(state, at));
      return values.indexOf(Math.max(...values)) !== 3;
    },
    answer: "kind=max&window=2&stride=2&edits=x0.0_9",
    because:
      "Whoever is largest stands for the block. The one before may be nearly as large, and gets no gradient at all.",
  }),
  question({
    chapter: 4,
    panel: "pooling",
    text: "Pool a map of 7 × 7 to 3 × 3 with blocks that overlap, and nothing left over.",
    isAnswered: (state) => {
      const { positions, overlap, dropped } = lieOf(state);
      return state.size === 7 && positions === 3 && overlap > 0 && dropped === 0;
    },
    answer: "size=7&window=3&stride=2",
    because: "Windows of 3 with a stride of 2, as in AlexNet: (7 − 3) / 2 + 1 = 3.",
  }),
  question({
    chapter: 5,
    panel: "race",
    text: "From which size on does a single fully connected neuron need more than 100,000 weights for a picture in colour? Find one.",
    isAnswered: (state) => state.channels === 3 && seenByOne(state) > 100_000,
    answer: "side=183&channels=3",
    because: "From 183 × 183 × 3 = 100,467 on. A filter of 5 × 5 × 3 has 75 at any size.",
  }),
  question({
    chapter: 5,
    panel: "surgery",
    text: "Where a net slides over an image it should say the same as on each crop. Find out when it does not.",
    isAnswered: ({ padding }) => padding !== "0",
    answer: "padding=1",
    because: "When it pads: a crop has zeros around it, and the image goes on.",
  }),
  question({
    chapter: 5,
    panel: "architectures",
    text: "Write a net with at least three convolutions and a single full connection.",
    isAnswered: ({ pattern, N, M, K }) => {
      const { convolutions, full } = countsIn(pattern, { N, M, K });
      return convolutions >= 3 && full === 1;
    },
    answer: `pattern=${encodeURIComponent("INPUT -> [CONV3-64 -> RELU -> POOL2]*4 -> FC-10")}`,
    because: "Look at its table: most of its weights may still belong to that one connection.",
  }),
  question({
    chapter: 6,
    panel: "learning",
    text: "What did the filters look like before the net had learned anything? Let it learn, and go back to see.",
    isAnswered: ({ trained, at }) => trained > 0 && at === 0,
    answer: "trained=3&at=0",
    because: "Noise: first weights are drawn at random. All that you see later was learned from examples.",
  }),
  question({
    chapter: 6,
    panel: "learning",
    text: "A net that goes astray late may need smaller steps. After at least 20 steps, make the learning rate a tenth or less.",
    isAnswered: ({ changes }) =>
      changes.some(({ step, rate }, i) => i > 0 && step >= 20 && rate <= changes[i - 1]!.rate / 9.99),
    answer: "changes=0_adam_0.003*40_adam_0.0003",
    because: "The curve is steadier from there on, and slower: where to do so is what schedules decide.",
  }),
  question({
    chapter: 7,
    panel: "xray",
    text: "A number of the first convolution depends on 5 × 5 pixels. Which layer's numbers depend on 16 × 16?",
    isAnswered: ({ layer }) => layer === 6,
    answer: "layer=6",
    because:
      "The second pooling: 5, 6 after the first pooling, 6 + 4 · 2 = 14 after the second convolution, 14 + 2 = 16.",
  }),
  question({
    chapter: 7,
    panel: "why",
    text: "Which of the explanations notice that the net has forgotten all it learned? Have three layers forget, and compare.",
    isAnswered: ({ forgotten }) => forgotten >= 3,
    answer: "forgotten=3",
    because: "One that still looks the same shows the edges of the drawing rather than reasons of the net.",
  }),
  question({
    chapter: 8,
    panel: "floor",
    text: "What needs most memory: reading one digit, reading 64, or learning from 64? Find it.",
    isAnswered: ({ work, batch }) => work === "learn from digits" && batch === "64",
    answer: "work=learn from digits&batch=64",
    because: "Learning: what the layers made on the way forward must be kept until the gradients have come back.",
  }),
  question({
    chapter: 8,
    panel: "floor",
    text: "Does reading 64 digits at once take 64 times as long as reading one? Look at the times of both.",
    isAnswered: ({ work, batch }) => work === "read digits" && batch === "64",
    answer: "work=read digits&batch=64",
    because: "Less than that: some of a run's cost is paid once, and more digits keep all threads at work.",
  }),
];
