import { threefry } from "@convlens/backend";
import { grouped } from "../../draw/shown.ts";
import { cells, choice, whole, type StateOf } from "../../fields.ts";
import { extremes } from "../../numbers.ts";

/** Samples per second. */
export const RATE = 8000;
/** Samples of a sound: one and a half seconds. */
export const LENGTH = 12_000;
/** Samples of the part that is shown in detail. */
export const ZOOM = 160;

/** Names of the synthetic sounds. */
export const soundNames = ["two notes", "hiss and note", "clicks", "melody"] as const;
/** Names of the kernels. */
export const kernelNames = ["average", "difference", "echo", "your own"] as const;

/** Fields of the panel's state. */
export const soundFields = {
  sound: choice("two notes", soundNames),
  kernel: choice("average", kernelNames),
  /** Samples of the average. */
  width: whole(10, 2, 64),
  /** Delay of the echo in hundredths of a second. */
  delay: whole(25, 1, 60),
  /** The kernel of the reader: now, one sample ago, and so on. */
  cells: cells([-1, 2, -1, 0, 0]),
  /** Start of the part that is shown in detail, in hundredths of the sound. */
  at: whole(10, 0, 98),
};
type SoundState = StateOf<typeof soundFields>;

const wave = (frequency: number, t: number): number => Math.sin(2 * Math.PI * frequency * t);
const noise = (i: number): number => ((threefry(i, 0, 5, 9)[0] >>> 0) / 2 ** 31 - 1) * 0.5;
/** Notes of the melody, in hertz. */
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

/** A synthetic sound. */
export const soundOf = (name: SoundState["sound"]): Float32Array =>
  Float32Array.from({ length: LENGTH }, (_, i) => sounds[name](i / RATE, i));

/** Loudness of the echo. */
const ECHO = 0.6;

/** The kernel: the weight of the present sample, of the one before, and so on. */
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
      return `Each sample becomes the mean of the last ${length}. Faster oscillations are removed, and the sound gets dull.`;
    case "difference":
      return "Each sample becomes its difference from the one before. Slow oscillations are almost removed, and the sound gets thin.";
    case "echo":
      return `A kernel of ${grouped(length)} numbers, of which two are not 0: 1 for now, and ${ECHO} for ${state.delay / 100} seconds ago.`;
    case "your own":
      return `Each sample becomes the sum of the last five, the newest first, times ${state.cells.map((cell) => `${cell}`.replace("-", "−")).join(", ")}.`;
  }
}

/** Least and greatest number in each of `columns` parts of a sound. */
export function envelope(samples: Float32Array, columns: number): { readonly low: number; readonly high: number }[] {
  return Array.from({ length: columns }, (_, i) => {
    const [from, to] = [i, i + 1].map((at) => Math.floor((at * samples.length) / columns)) as [number, number];
    const [low, high] = extremes(samples.subarray(from, to));
    return { low, high };
  });
}

/** First sample of the part that is shown in detail. */
export const zoomStart = ({ at }: SoundState, length: number): number =>
  Math.max(0, Math.min(length - ZOOM, Math.round((at / 100) * length)));

/** Loudness of a sound: the root mean square of its samples. */
export const loudness = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** The program that the panel shows. */
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
    "// Flipped, as in mathematics: y[t] = Σ kernel[a] · x[t − a].",
    `const y = conv1d(sound, flip(kernel, [0]), { padding: [${length - 1}, 0] }); // sound: [1, ${LENGTH}, 1]`,
  ].join("\n");
}
