import type { Backend } from "@convlens/backend";
import { compile, conv2d, normal, useBackend } from "@convlens/tensor";
import { backendOf, threadsHere } from "./backends.ts";
import type { Machine } from "./protocol.ts";

/** The measured convolution: 32 to 32 channels on an image of 32 × 32. */
const SIDE = 32;
const CHANNELS = 32;
const WINDOW = 3;
/** Milliseconds of the measurement. Clocks of pages are coarse, so many calls are measured together. */
const LONG_ENOUGH = 25;

/** The backend of this page on all threads, and its speed. */
export async function startMachine(): Promise<{ readonly backend: Backend; readonly machine: Machine }> {
  const isolated = globalThis.crossOriginIsolated;
  const threads = threadsHere();
  const backend = await backendOf("all");
  useBackend(backend);
  return { backend, machine: { backend: backend.name, threads, isolated, productsPerSecond: await measure() } };
}

async function measure(): Promise<number> {
  const image = normal([1, SIDE, SIDE, CHANNELS]);
  const filters = normal([WINDOW, WINDOW, CHANNELS, CHANNELS]);
  await image.data();
  await filters.data();
  const run = compile((x: typeof image, w: typeof filters) => conv2d(x, w, { padding: "same" }));
  await run(image, filters);
  let calls = 0;
  let spent = 0;
  for (const began = performance.now(); spent < LONG_ENOUGH; spent = performance.now() - began, calls++)
    await run(image, filters);
  run.dispose();
  return SIDE * SIDE * WINDOW * WINDOW * CHANNELS * CHANNELS * (calls / (spent / 1000));
}
