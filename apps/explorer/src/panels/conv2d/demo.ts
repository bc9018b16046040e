import { threefry } from "@convlens/backend";

// The initial cells: an example small enough to be checked by hand. Outside of its bounds (a larger input, more filters) numbers
// are random, but always the same.

/** `[channels][height][width]`, 5 × 5 × 3. */
const INPUT = [
  ["00201", "12002", "12022", "00211", "01020"],
  ["01212", "02212", "21011", "11211", "22200"],
  ["12100", "11211", "12011", "00220", "12222"],
];

/** `[filters][channels][height][width]`, two of 3 × 3 × 3, as −, 0 and +. */
const FILTERS = [
  [
    ["+0+", "+-+", "+0+"],
    ["--+", "+-+", "+--"],
    ["0++", "0+-", "-0-"],
  ],
  [
    ["0+-", "000", "0-+"],
    ["++0", "-+-", "--0"],
    ["00+", "+-+", "00+"],
  ],
];

const BIASES = [1, 0];

/** A random number from 0 to 2 that depends on the place of the cell. */
const random = (...at: readonly [number, number, number, number]): number =>
  (threefry(at[0] * 64 + at[1], at[2] * 64 + at[3], 7, 31)[0] >>> 0) % 3;

/** A cell of the input: 0, 1 or 2. */
export function demoInput(channel: number, row: number, column: number): number {
  const digit = INPUT[channel]?.[row]?.[column];
  return digit === undefined ? random(99, channel, row, column) : Number(digit);
}

/** A weight: −1, 0 or 1. */
export function demoWeight(filter: number, channel: number, row: number, column: number): number {
  const sign = FILTERS[filter]?.[channel]?.[row]?.[column];
  return sign === undefined ? random(filter, channel, row, column) - 1 : "-0+".indexOf(sign) - 1;
}

/** A bias. */
export const demoBias = (filter: number): number => BIASES[filter] ?? 0;
