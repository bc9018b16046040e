import { threefry } from "@convlens/backend";
import { cellValue, choice, whole, type Field, type StateOf } from "../../fields.ts";

/** Samples in a second. */
export const RATE = 8000;
/** All sounds are as long, in samples: a second and a half. */
export const LENGTH = 12_000;
/** Samples that are shown one by one. */
export const ZOOM = 160;

/** Sounds that are made here. */
export const soundNames = ["two notes", "hiss and note", "clicks", "melody"] as const;
/** Kernels that have a name. */
export const kernelNames = ["average", "difference", "echo", "your own"] as const;

const WIDTH = 5;

/** Five numbers. */
const cells: Field<readonly number[]> = {
  initial: [-1, 2, -1, 0, 0],
  print: (value) => value.join("*"),
  parse: (text) => {
    const values = text.split("*").map(cellValue);
    return values.length === WIDTH && values.every((value) => value !== undefined) ? values : undefined;
  },
};

/** What the panel's state is made of. */
export const soundFields = {
  sound: choice("two notes", soundNames),
  kernel: choice("average", kernelNames),
  /** How many samples are averaged. */
  width: whole(10, 2, 64),
  /** After how many hundredths of a second the echo comes. */
  delay: whole(25, 1, 60),
  cells,
  /** The part that is seen sample by sample, in hundredths of the sound. */
  at: whole(10, 0, 98),
};
/** The panel's state. */
export type SoundState = StateOf<typeof soundFields>;

const wave = (frequency: number, t: number): number => Math.sin(2 * Math.PI * frequency * t);
const noise = (i: number): number => ((threefry(i, 0, 5, 9)[0] >>> 0) / 2 ** 31 - 1) * 0.5;
/** Notes of a melody, each as long. */
const MELODY = [262, 330, 392, 523, 392, 330];

const sounds: Readonly<Record<(typeof soundNames)[number], (t: number, i: number) => number>> = {
  "two notes": (t) => 0.4 * wave(220, t) + 0.25 * wave(2000, t),
  "hiss and note": (t, i) => 0.35 * wave(220, t) + 0.6 * noise(i),
  clicks: (_, i) => (i % 3000 < 4 ? 0.9 : 0),
  melody: (t) => {
    const note = (t * 4) % MELODY.length;
    return 0.5 * wave(MELODY[Math.floor(note)]!, t) * Math.exp(-4 * (note % 1));
  },
};

/** A sound of a second and a half. */
export const soundOf = (name: SoundState["sound"]): Float32Array =>
  Float32Array.from({ length: LENGTH }, (_, i) => sounds[name](i / RATE, i));

/** How loud the echo is. */
const ECHO = 0.6;

/** The kernel as it is laid over the sound: first what happens now, then what was one sample ago, and so on. */
export function kernelOf({ kernel, width, delay, cells }: SoundState): Float32Array {
  switch (kernel) {
    case "average":
      return new Float32Array(width).fill(1 / width);
    case "difference":
      return Float32Array.of(1, -1);
    case "echo": {
      const echo = new Float32Array((delay * RATE) / 100 + 1);
      echo[0] = 1;
      echo[echo.length - 1] = ECHO;
      return echo;
    }
    case "your own":
      return Float32Array.from(cells);
  }
}

/** A kernel in words. */
export function kernelSentence(state: SoundState): string {
  const { length } = kernelOf(state);
  switch (state.kernel) {
    case "average":
      return `Each sample becomes the mean of the last ${length}: what swings faster than that is gone, and the sound gets dull.`;
    case "difference":
      return "Each sample becomes its difference from the one before: slow swings nearly vanish, and the sound gets thin.";
    case "echo":
      return `A kernel of ${length.toLocaleString("en")} numbers, all zeros but two: now, and ${ECHO} times what was ${state.delay / 100} seconds ago.`;
    case "your own":
      return `Each sample becomes ${state.cells.map((cell) => `${cell}`.replace("-", "−")).join(", ")} times the last five, the newest first.`;
  }
}

/** For each of `columns` parts of a sound its least and largest number: what a picture of all of it shows. */
export function envelope(
  samples: ArrayLike<number>,
  columns: number,
): { readonly low: number; readonly high: number }[] {
  return Array.from({ length: columns }, (_, i) => {
    const [from, to] = [i, i + 1].map((at) => Math.floor((at * samples.length) / columns)) as [number, number];
    let [low, high] = [Infinity, -Infinity];
    for (let k = from; k < to; k++) [low, high] = [Math.min(low, samples[k]!), Math.max(high, samples[k]!)];
    return { low, high };
  });
}

/** Where the part that is seen sample by sample begins. */
export const zoomStart = ({ at }: SoundState, length: number): number =>
  Math.max(0, Math.min(length - ZOOM, Math.round((at / 100) * length)));

/** How loud a sound is: the root of the mean of its squares. */
export const loudness = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** The same as the lines of a program. */
export function codeOf(state: SoundState): string {
  const { length } = kernelOf(state);
  const kernels = {
    average: `full([${length}, 1, 1], 1 / ${length});`,
    difference: "tensor([1, -1], [2, 1, 1]);",
    echo: `tensor(echo, [${length}, 1, 1]); // 1, zeros, ${ECHO}`,
    "your own": `tensor([${state.cells.join(", ")}], [5, 1, 1]);`,
  };
  return [
    `const kernel = ${kernels[state.kernel]}`,
    "// Turned round, as mathematicians do: y[t] = Σ kernel[a] · x[t − a].",
    `const y = conv1d(sound, flip(kernel, [0]), { padding: [${length - 1}, 0] }); // sound: [1, ${LENGTH}, 1]`,
  ].join("\n");
}
