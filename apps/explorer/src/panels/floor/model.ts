import type { FloorAnswer, FloorBlock, FloorInstruction } from "../../compute/floor.ts";
import { choice, flag, whole, type StateOf } from "../../fields.ts";

const batchSizes = ["1", "8", "32", "64"] as const;

/** Fields of the panel's state. */
export const floorFields = {
  work: choice("read digits", ["read digits", "learn from digits"] as const),
  /** Digits in a batch. */
  batch: choice("1", batchSizes),
  /** Whether the graphics processor takes part in the comparison. */
  graphics: flag(false),
  /** The selected instruction, from 1. */
  step: whole(1, 1, 999),
};
type FloorState = StateOf<typeof floorFields>;

/** A block of memory in a picture of width and height 1: time from left to right, addresses from top to bottom. */
interface BlockBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly block: FloorBlock;
}

/** Places of blocks in the picture of a plan. Inputs exist before the first instruction. */
export function boxesOf({ blocks, instructions, peak }: FloorAnswer): BlockBox[] {
  const columns = instructions.length + 1;
  return blocks.map((block) => ({
    x: (block.from + 1) / columns,
    y: block.offset / peak,
    width: (block.to - block.from + 1) / columns,
    height: block.size / peak,
    block,
  }));
}

/** Whether a block is the result of an instruction, is read or kept while it runs, or neither. */
export function roleOf({ from, to }: FloorBlock, instruction: number): "made" | "alive" | "other" {
  if (from === instruction) return "made";
  return from < instruction && instruction <= to ? "alive" : "other";
}

/** A number of bytes with its unit. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toPrecision(3)} kB`;
  return `${(count / 1e6).toPrecision(3)} MB`;
}

/** A duration with its unit. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${Number((milliseconds * 1000).toPrecision(2))} µs`;
  return `${Number(milliseconds.toPrecision(3))} ms`;
}

/** The instruction that takes most of the time, in words. */
export function slowest({ instructions }: FloorAnswer): string {
  const all = instructions.reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0);
  const [most] = [...instructions].sort((a, b) => (b.milliseconds ?? 0) - (a.milliseconds ?? 0));
  if (most === undefined) return "";
  const share = Math.round((100 * (most.milliseconds ?? 0)) / all);
  return `Most of the time, ${share} %, goes to ${most.operation} of ${layerOf(most)}.`;
}

/** The part of the net that an instruction belongs to, in words. */
export const layerOf = ({ path, direction }: Pick<FloorInstruction, "path" | "direction">): string =>
  `${path === "" ? "the whole net" : path}${direction === "forward" ? "" : `, ${direction}`}`;

/** The program that the panel shows. */
export const codeOf = ({ work }: FloorState): string =>
  [
    work === "read digits"
      ? `const program = programOf((x) => model.call(x), [images]);`
      : `const program = programOf(step, [images, labels]); // loss, gradients, and parameters assigned`,
    `const { places, peak, sum } = planMemory(program);`,
    `const executable = backend.compile(program);`,
    `await executable.run(feeds, variables, { onInstruction: (i, ms) => console.log(describeInstruction(program.instructions[i]), ms) });`,
  ].join("\n");
