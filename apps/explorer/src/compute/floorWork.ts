/** Tasks of the machine. */
export const works = ["read digits", "learn from digits"] as const;
/** One of them. */
export type Work = (typeof works)[number];

/** A program to inspect or to compare. */
export interface FloorRequest {
  readonly net: number | undefined;
  readonly work: Work;
  /** Batch size. */
  readonly batch: number;
}

/** A comparison of backends, with or without the graphics processor, which must be prepared. */
export interface RaceRequest extends FloorRequest {
  readonly graphics: boolean;
}

/** One instruction with its time. */
export interface FloorInstruction {
  readonly operation: string;
  /** Its layer: `layers.3 (Conv2d)`. */
  readonly path: string;
  readonly direction: string;
  readonly shape: readonly number[];
  /** Average milliseconds; `undefined` for a reshape, which copies nothing. */
  readonly milliseconds: number | undefined;
}

/** Place of a value in the arena. */
export interface FloorBlock {
  /** The instruction that computes it; −1 for an input. */
  readonly from: number;
  /** The last instruction that reads it; the last of all for a result. */
  readonly to: number;
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
}

/** A program, its memory and its times. */
export interface FloorAnswer {
  readonly instructions: readonly FloorInstruction[];
  readonly blocks: readonly FloorBlock[];
  /** Bytes of the arena, and the sum of the sizes of all values. */
  readonly peak: number;
  readonly sum: number;
  /** Milliseconds of a run without measurements in between: the least of several. */
  readonly whole: number;
}

/** A backend of a comparison. */
export interface Racer {
  readonly name: string;
  /** Milliseconds of a run: the least of several. */
  readonly milliseconds: number;
  /** Greatest difference of the results from those of the first backend. */
  readonly difference: number;
}

/** One program on several backends, the reference first. */
export interface RaceAnswer {
  readonly racers: readonly Racer[];
  /** Number of compared results. */
  readonly compared: number;
}
