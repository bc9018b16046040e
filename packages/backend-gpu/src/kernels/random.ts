import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import type { Buffer, Launcher } from "../launcher.ts";

// Threefry-2×32 (see `threefry` of @convlens/backend) in halves of 16 bits, since kernels compute in float32. A word w is wHigh and wLow.

/** The rotations of rounds 0 to 3, and of rounds 4 to 7. */
const rotations = [
  [13, 17],
  [15, 29],
  [26, 16],
  [6, 24],
] as const;

const high16 = (x: string): string => `Math.floor(${x} * 0.0000152587890625)`;

/** w ← w + v, in halves. */
const add = (w: string, vHigh: string, vLow: string): string => `${w}Low = ${w}Low + ${vLow};
${w}High = lower16(${w}High + ${vHigh} + ${high16(`${w}Low`)});
${w}Low = lower16(${w}Low);`;

/** A round: a ← a + b, then b ← (b rotated left) xor a. A rotation by 16 or more swaps the halves first. */
const round = ([even, odd]: readonly [number, number]): string => {
  const turn = (bits: number): string => `up = ${2 ** (bits % 16)};
high = ${bits < 16 ? "bHigh" : "bLow"};
low = ${bits < 16 ? "bLow" : "bHigh"};`;
  return `${add("a", "bHigh", "bLow")}
${turn(even)}
if (isOdd > 0) {
${turn(odd)}
}
bHigh = differing16(turnedHalf(high, low, up), aHigh);
bLow = differing16(turnedHalf(low, high, up), aLow);`;
};

const halves = (word: number): readonly [high: number, low: number] => [word >>> 16, word & 0xffff];

/** Uniform numbers that depend on the seed, the stream and the position only: the same bits as on every backend. */
export const randomUniform =
  (gpu: Launcher): Kernel<Buffer, Operations["randomUniform"]> =>
  ({ output, attributes: { stream } }) => {
    const [streamHigh, streamLow] = halves(stream);
    const [parityHigh, parityLow] = halves(0x1bd11bda);
    return gpu.prepare({
      name: "randomUniform",
      inputs: { seed: 2 },
      length: sizeOf(output),
      numbers: { streamHigh, streamLow },
      body: `let key0High = ${high16("seed[0]")};
let key0Low = lower16(seed[0]);
let key1High = ${high16("seed[1]")};
let key1Low = lower16(seed[1]);
let key2High = differing16(differing16(key0High, key1High), ${parityHigh});
let key2Low = differing16(differing16(key0Low, key1Low), ${parityLow});
const pair = quotient(this.thread.x, 2);
let aHigh = ${high16("pair")};
let aLow = lower16(pair);
let bHigh = streamHigh + 0;
let bLow = streamLow + 0;
${add("a", "key0High", "key0Low")}
${add("b", "key1High", "key1Low")}
let high = 0;
let low = 0;
let up = 1;
let isOdd = 0;
for (let group = 0; group < 5; group++) {
${rotations.map(round).join("\n")}
isOdd = 1 - isOdd;
high = key0High;
low = key0Low;
key0High = key1High;
key0Low = key1Low;
key1High = key2High;
key1Low = key2Low;
key2High = high;
key2Low = low;
${add("a", "key0High", "key0Low")}
${add("b", "key1High", "(key1Low + group + 1)")}
}
// The upper 24 bits of a word are exact in float32.
high = aHigh;
low = aLow;
if (this.thread.x > 2 * pair) {
  high = bHigh;
  low = bLow;
}
return (high * 256 + Math.floor(low / 256)) / 16777216;`,
    });
  };
