import { classification, orientedEdges, shapes, split, subset, type TrainAndTest } from "@convlens/datasets";

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
/** One of `EVERY` examples is a test example. */
const EVERY = 5;
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
      return split(shapes(SYNTHETIC), { test: 1 / EVERY });
    case "edges":
      return split(orientedEdges(SYNTHETIC), { test: 1 / EVERY });
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
  const places = classes.map((_, label) => [...labels.keys()].filter((i) => labels[i] === label));
  const lacking = classes.findIndex((_, label) => places[label]!.length === 0);
  if (classes.length < 2 || lacking >= 0)
    throw new Error(
      classes.length < 2
        ? "A classifier needs at least two classes; add a second."
        : `There is no picture of "${classes[lacking]}" yet; draw one, upload one, or remove the class.`,
    );
  if (places.some(({ length }) => length < FEWEST)) return { train: all, test: all };
  const isTest = (_: number, place: number): boolean => place % EVERY === EVERY - 1;
  return {
    train: subset(
      all,
      places.flatMap((own) => own.filter((i, place) => !isTest(i, place))),
    ),
    test: subset(
      all,
      places.flatMap((own) => own.filter(isTest)),
    ),
  };
}
