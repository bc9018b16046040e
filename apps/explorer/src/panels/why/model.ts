import { choice, whole, type StateOf } from "../../fields.ts";

/** Most layers with weights. */
const MOST_LAYERS = 8;
/** The target for the class that the net decides for. */
export const ANSWER = "its answer";

/** Fields of the panel's state. */
export const whyFields = {
  /** The class whose logit is explained. */
  target: choice(ANSWER, [ANSWER, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const),
  /** Number of layers whose weights are shuffled, from the last on. */
  forgotten: whole(0, 0, MOST_LAYERS),
};
type WhyState = StateOf<typeof whyFields>;

/** The class that a state asks about, given the answer of the net. */
export const targetOf = ({ target }: WhyState, classes: readonly string[], answer: number): number => {
  const asked = classes.indexOf(target);
  return asked < 0 ? answer : asked;
};

/** The layers whose weights are shuffled, in words. */
export function forgottenSentence(forgotten: number, titles: readonly string[]): string {
  const count = Math.min(forgotten, titles.length);
  if (count === 0) return "The net as it was trained.";
  const names = titles
    .slice(-count)
    .map((title) => `“${title}”`)
    .join(", ");
  return count === titles.length
    ? "All weights are shuffled, so nothing that the net has learned is left."
    : `The weights of ${names} are shuffled, so what ${count === 1 ? "this layer has" : "these layers have"} learned is lost.`;
}

/** Similarity above which a map counts as the same. */
const SAME = 0.8;
/** Similarity below which it counts as another one. */
const OTHER = 0.5;

/** What the similarity to the map of the trained net says about a method when weights are shuffled. */
export function judgement(similarity: number, forgotten: number): string {
  if (forgotten === 0) return "";
  if (Number.isNaN(similarity)) return "empty";
  if (similarity > SAME) return "hardly changed: it depends on the drawing";
  if (similarity < OTHER) return "another map: it depends on the weights";
  return "partly changed";
}

/** The program that the panel shows. */
export const codeOf = (target: number): string =>
  [
    `const why = await explain(model, image, { method: "relevance", target: ${target} });`,
    `const heat = heatmap(why); // a number for each pixel`,
    `const sanity = await randomizationTest(model, image, { method: "relevance", target: ${target} });`,
    `sanity.at(-1).similarity; // below about 0.5 for a map that depends on the weights`,
  ].join("\n");
