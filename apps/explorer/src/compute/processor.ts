/**
 * Processors that can train the net of chapter 6: SIMD code on all threads of the page or on one, the reference, and the graphics
 * processor, which is prepared when it is requested.
 */
export const processors = ["all", "one", "reference", "graphics"] as const;
/** One of them. */
export type Processor = (typeof processors)[number];

/** The processors on a page with `threads` threads: with one thread, all threads are one. */
export const processorsOn = (threads: number): readonly Processor[] =>
  processors.filter((processor) => processor !== "all" || threads > 1);

/** Name of a processor on a page with `threads` threads. */
export const nameOf = (processor: Processor, threads: number): string =>
  ({
    all: threads === 1 ? "SIMD, one thread" : `SIMD, ${threads} threads`,
    one: "SIMD, one thread",
    reference: "reference",
    graphics: "graphics processor",
  })[processor];
