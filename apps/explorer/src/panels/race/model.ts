import { grouped } from "../../draw/shown.ts";
import { whole, type StateOf } from "../../fields.ts";

/** Fields of the panel's state. */
export const raceFields = {
  /** Height and width of the input. */
  side: whole(32, 4, 256),
  channels: whole(3, 1, 16),
  /** Window of the convolution, whose output has the height and width of the input. */
  window: whole(5, 1, 11),
  filters: whole(12, 1, 64),
};
/** The panel's state. */
export type RaceState = StateOf<typeof raceFields>;

/** A way to connect two layers. */
type Connection = "full" | "untied" | "convolution";
/** All of them, the most expensive first. */
export const connections: readonly Connection[] = ["full", "untied", "convolution"];

/** Names of the connections. */
export const connectionNames: Readonly<Record<Connection, string>> = {
  full: "fully connected",
  untied: "locally connected",
  convolution: "convolution",
};

/** Numbers that one fully connected neuron reads, which is also its number of weights. */
export const seenByOne = ({ side, channels }: RaceState): number => side * side * channels;

/** Number of outputs of the layer, which is the same for all connections. */
export const outputsOf = ({ side, filters }: RaceState): number => side * side * filters;

/** Weights and biases of a layer with {@link outputsOf} outputs. */
export function parametersOf(state: RaceState, connection: Connection): number {
  const { channels, window, filters } = state;
  const underWindow = window * window * channels + 1;
  switch (connection) {
    case "full":
      return (seenByOne(state) + 1) * outputsOf(state);
    case "untied":
      return underWindow * outputsOf(state);
    case "convolution":
      return underWindow * filters;
  }
}

/** Sides of the image that the player goes through. */
export const sides: readonly number[] = [4, 8, 16, 32, 64, 96, 128, 160, 200, 224, 256];

/** Index of the first side that is at least the state's. */
export const stepOf = ({ side }: RaceState): number =>
  Math.max(
    0,
    sides.findIndex((each) => each >= side),
  );

/** A large number in words: `31.5 million`. */
export function inWords(count: number): string {
  const [size, word] = (
    [
      [1e9, " billion"],
      [1e6, " million"],
    ] as const
  ).find(([size]) => count >= size) ?? [1, ""];
  return size === 1 ? grouped(count) : `${Number((count / size).toPrecision(3))}${word}`;
}

/** The program that the panel shows. */
export const codeOf = (state: RaceState): string => {
  const { side, channels, window, filters } = state;
  const options = `{ filters: ${filters}, kernelSize: ${window}, padding: "same" }`;
  return [
    `const convolution = new Conv2d(${options});`,
    `const untied = new LocallyConnected2d(${options});`,
    `const full = sequential([new Flatten(), new Dense({ units: ${outputsOf(state)} })]);`,
    `for (const model of [convolution, untied, full]) cost(model, [${side}, ${side}, ${channels}]).parameters;`,
  ].join("\n");
};
