import type { Panel } from "../panel.ts";
import { architecturesPanel } from "./architectures/architectures.ts";
import { conv2dPanel } from "./conv2d/conv2d.ts";
import { copiesPanel } from "./copies/copies.ts";
import { featuresPanel } from "./features/features.ts";
import { fitPanel } from "./fit/fit.ts";
import { floorPanel } from "./floor/floor.ts";
import { foolPanel } from "./fool/fool.ts";
import { kernelsPanel } from "./kernels/kernels.ts";
import { learningPanel } from "./learning/learning.ts";
import { poolingPanel } from "./pooling/pooling.ts";
import { racePanel } from "./race/race.ts";
import { shiftPanel } from "./shift/shift.ts";
import { soundPanel } from "./sound/sound.ts";
import { stackPanel } from "./stack/stack.ts";
import { surgeryPanel } from "./surgery/surgery.ts";
import { whyPanel } from "./why/why.ts";
import { xrayPanel } from "./xray/xray.ts";

/** All panels in the order of the page. */
export const panels: readonly Panel[] = [
  copiesPanel,
  kernelsPanel,
  soundPanel,
  conv2dPanel,
  fitPanel,
  stackPanel,
  poolingPanel,
  shiftPanel,
  racePanel,
  surgeryPanel,
  architecturesPanel,
  learningPanel,
  xrayPanel,
  whyPanel,
  foolPanel,
  featuresPanel,
  floorPanel,
];

/** What the chapters are about, by number. */
export const chapters: Readonly<Record<number, { readonly title: string; readonly question: string }>> = {
  1: { title: "One neuron, many copies", question: "Why use the same neuron everywhere?" },
  2: { title: "Kernels", question: "What can nine numbers see?" },
  3: { title: "The convolution layer", question: "How do window, depth, stride and padding make one number?" },
  4: { title: "Pooling", question: "What is gained by forgetting where?" },
  5: { title: "Fully connected", question: "How does a convolution differ from a matrix, and how is each the other?" },
  6: { title: "Learning", question: "How do filters get to be like that?" },
  7: { title: "X-ray", question: "Why this answer?" },
  8: { title: "Under the floor", question: "What actually runs?" },
};
