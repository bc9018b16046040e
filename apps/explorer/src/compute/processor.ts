/**
 * What can train the net of chapter 6: SIMD code on all threads that the page may have, or on one; the reference; and the graphics
 * processor, which is looked for when it is asked for.
 */
export const processors = ["all", "one", "reference", "graphics"] as const;
/** One of them. */
export type Processor = (typeof processors)[number];

/** Those that differ where there are so many threads: one is all of one. */
export const processorsOn = (threads: number): readonly Processor[] =>
  processors.filter((processor) => processor !== "all" || threads > 1);

/** What a processor is called, where there are so many threads. */
export const nameOf = (processor: Processor, threads: number): string =>
  ({
    all: threads === 1 ? "SIMD, one thread" : `SIMD, ${threads} threads`,
    one: "SIMD, one thread",
    reference: "reference, plain loops",
    graphics: "graphics processor",
  })[processor];
