/** Long work lets others have their turn after so many milliseconds: input, drawing, a signal. */
const EVERY = 30;
const last = { at: 0 };

/** Waits for one turn of the event loop: by a message, since timers of a hidden page come once a second, or once a minute. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}

/** Waits for one turn of the event loop, if the last one was some time ago. */
export async function turn(): Promise<void> {
  const now = performance.now();
  if (now - last.at < EVERY) return;
  await nextTurn();
  last.at = performance.now();
}
