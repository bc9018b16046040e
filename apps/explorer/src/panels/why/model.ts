import { choice, whole, type StateOf } from "../../fields.ts";

/** More layers than any net of this page has. */
const MOST_LAYERS = 8;
/** What is explained if nobody asks for a class. */
export const ANSWER = "its answer";

/** What the panel's state is made of. */
export const whyFields = {
  /** The class whose score is explained. */
  target: choice(ANSWER, [ANSWER, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const),
  /** How many layers have forgotten what they learned, from the last on. */
  forgotten: whole(0, 0, MOST_LAYERS),
};
/** The panel's state. */
export type WhyState = StateOf<typeof whyFields>;

/** The class that a state asks about, given what the net answers. */
export const targetOf = ({ target }: WhyState, classes: readonly string[], answer: number): number => {
  const asked = classes.indexOf(target);
  return asked < 0 ? answer : asked;
};

/** What is left of the net, in words. */
export function forgottenSentence(forgotten: number, titles: readonly string[]): string {
  const count = Math.min(forgotten, titles.length);
  if (count === 0) return "The net as it was trained.";
  const names = titles
    .slice(-count)
    .map((title) => `“${title}”`)
    .join(", ");
  return count === titles.length
    ? "All weights are shuffled: nothing that the net has learned is left, and there is nothing to explain."
    : `The weights of ${names} are shuffled: what ${count === 1 ? "this layer has" : "these layers have"} learned is gone.`;
}

/** Above this a map is taken to be the same. */
const SAME = 0.8;
/** Below this it is taken to be another one. */
const OTHER = 0.5;

/** What the likeness of a map to that of the trained net says about a method, once something is forgotten. */
export function judgement(similarity: number, forgotten: number): string {
  if (forgotten === 0) return "";
  if (Number.isNaN(similarity)) return "shows nothing";
  if (similarity > SAME) return "hardly changed: it shows the drawing";
  if (similarity < OTHER) return "another map: it depends on the net";
  return "changed in part";
}

/** The same as the lines of a program. */
export const codeOf = (target: number): string =>
  [
    `const why = await explain(model, image, { method: "relevance", target: ${target} });`,
    `const heat = heatmap(why); // a number for each pixel`,
    `const sanity = await randomizationTest(model, image, { method: "relevance", target: ${target} });`,
    `sanity.at(-1).similarity; // under about 0.5 for a map that owes its look to the weights;`,
    `// one that stays alike shows the picture rather than what the net has learned`,
  ].join("\n");
