/** Long work lets others have their turn after so many milliseconds: input, drawing, a signal. */
const EVERY = 30;
const last = { at: 0 };

/** Waits for one turn of the event loop, if the last one was some time ago. */
export async function turn(): Promise<void> {
  const now = performance.now();
  if (now - last.at < EVERY) return;
  await new Promise((resolve) => setTimeout(resolve));
  last.at = performance.now();
}
