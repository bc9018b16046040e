/** Milliseconds after which long work yields to input, drawing, timers and signals. */
const EVERY = 16;
const last = { at: 0 };

/** Waits for one turn of the event loop. It posts a message, since timers of a hidden page fire once a second or once a minute. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      last.at = performance.now();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}

/** Whether it is time to wait for a turn again. */
export const isTurnDue = (): boolean => performance.now() - last.at >= EVERY;

/** Waits for one turn of the event loop if it is time to. */
export async function turn(): Promise<void> {
  if (isTurnDue()) await nextTurn();
}
