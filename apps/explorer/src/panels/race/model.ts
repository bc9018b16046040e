import { whole, type StateOf } from "../../fields.ts";

/** What the panel's state is made of. */
export const raceFields = {
  /** Height and width of the input. */
  side: whole(32, 4, 256),
  channels: whole(3, 1, 16),
  /** Of the convolution, whose outputs have the input's height and width. */
  window: whole(5, 1, 11),
  filters: whole(12, 1, 64),
};
/** The panel's state. */
export type RaceState = StateOf<typeof raceFields>;

/** A way to connect two layers. */
export type Connection = "full" | "untied" | "convolution";
/** All of them, the dearest first. */
export const connections: readonly Connection[] = ["full", "untied", "convolution"];

/** What they are called. */
export const connectionNames: Readonly<Record<Connection, string>> = {
  full: "fully connected",
  untied: "windows, each with its own weights",
  convolution: "convolution",
};

/** How many numbers one fully connected neuron sees, which is how many weights it has. */
export const seenByOne = ({ side, channels }: RaceState): number => side * side * channels;

/** How many numbers the layer puts out, whichever way it is connected. */
export const outputsOf = ({ side, filters }: RaceState): number => side * side * filters;

/** Weights and biases of a layer that makes so many outputs. */
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

/** Sizes that the race goes through. */
export const sides: readonly number[] = [4, 8, 16, 32, 64, 96, 128, 160, 200, 224, 256];

/** The first of them that is no smaller than the state's. */
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
  return size === 1 ? count.toLocaleString("en") : `${Number((count / size).toPrecision(3))}${word}`;
}

/** The same as the lines of a program. */
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
