import { classification, orientedEdges, shapes, split, type TrainAndTest } from "@convlens/datasets";

/** Data to train on. */
export type LearningData =
  | { readonly kind: "digits" }
  | { readonly kind: "shapes" }
  | { readonly kind: "edges" }
  | {
      readonly kind: "own";
      readonly classes: readonly string[];
      /** Greys from 0 to 255, `[n, 28, 28]`. */
      readonly pixels: Uint8Array;
      /** `[n]` */
      readonly labels: Uint8Array;
    };

/** Height and width of all images. */
export const LEARNING_SIDE = 28;

/** Options of the synthetic images. */
const SYNTHETIC = { size: 2500, height: LEARNING_SIDE, width: LEARNING_SIDE, seed: 1 } as const;
/** Share of the test examples. */
const TEST_SHARE = 0.2;
/** Fewest pictures in a class for a separate test set. */
const FEWEST = 10;

/**
 * Training and test examples.
 *
 * @param digits - Loads the digits of the page.
 */
export async function learningData(data: LearningData, digits: () => Promise<TrainAndTest>): Promise<TrainAndTest> {
  switch (data.kind) {
    case "digits":
      return digits();
    case "shapes":
      return split(shapes(SYNTHETIC), { test: TEST_SHARE });
    case "edges":
      return split(orientedEdges(SYNTHETIC), { test: TEST_SHARE });
    case "own":
      return ownPictures(data);
  }
}

/** Pictures of the reader. If a class has few, the test set is the training set, which says little. */
function ownPictures({ classes, pixels, labels }: Extract<LearningData, { kind: "own" }>): TrainAndTest {
  const all = classification({
    inputs: { values: pixels, shape: [labels.length, LEARNING_SIDE, LEARNING_SIDE, 1] },
    labels,
    classes,
  });
  const counts = classes.map((_, label) => labels.filter((each) => each === label).length);
  if (classes.length < 2) throw new Error("A classifier needs at least two classes; add a second.");
  const lacking = classes.find((_, label) => counts[label] === 0);
  if (lacking !== undefined)
    throw new Error(`There is no picture of "${lacking}" yet; draw one, upload one, or remove the class.`);
  return Math.min(...counts) < FEWEST ? { train: all, test: all } : split(all, { test: TEST_SHARE });
}
