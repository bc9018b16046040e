/** What the machine is to do. */
export const works = ["read digits", "learn from digits"] as const;
/** One of them. */
export type Work = (typeof works)[number];

/** A program to be looked at, or raced. */
export interface FloorRequest {
  readonly net: number | undefined;
  readonly work: Work;
  /** Digits at a time. */
  readonly batch: number;
}

/** A race, with the graphics processor, which has been found, or without. */
export interface RaceRequest extends FloorRequest {
  readonly graphics: boolean;
}

/** One instruction, as it was planned and timed. */
export interface FloorInstruction {
  readonly operation: string;
  /** The layer that it belongs to: `layers.3 (Conv2d)`. */
  readonly path: string;
  readonly direction: string;
  readonly shape: readonly number[];
  /** Of a run, on average. `undefined` for a reshape, which moves nothing. */
  readonly milliseconds: number | undefined;
}

/** A value's place in the memory between operations. */
export interface FloorBlock {
  /** What makes it: an instruction, or −1 for what is fed. */
  readonly from: number;
  /** The last instruction that reads it; that of the end if it is a result. */
  readonly to: number;
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
}

/** A program, its memory and its times. */
export interface FloorAnswer {
  readonly instructions: readonly FloorInstruction[];
  readonly blocks: readonly FloorBlock[];
  /** Bytes of the memory between operations, and what they would be if none were used twice. */
  readonly peak: number;
  readonly sum: number;
  /** Milliseconds of a run that is not watched: the least of several. */
  readonly whole: number;
}

/** A backend in the race. */
export interface Racer {
  readonly name: string;
  /** Milliseconds of a run: the least of several. */
  readonly milliseconds: number;
  /** The greatest difference of any number of the results from those of the first. */
  readonly difference: number;
}

/** One program on several backends, the reference first. */
export interface RaceAnswer {
  readonly racers: readonly Racer[];
  /** How many numbers were compared. */
  readonly compared: number;
}
