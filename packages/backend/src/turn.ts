/** Milliseconds after which long work gives others a turn: input, drawing, timers, a signal. */
const EVERY = 16;
const last = { at: 0 };

/** Waits for one turn of the event loop: by a message, since timers of a hidden page come once a second, or once a minute. */
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

/** Whether the last turn that was waited for is some time ago. */
export const isTurnDue = (): boolean => performance.now() - last.at >= EVERY;

/** Waits for one turn of the event loop, if the last one was some time ago. */
export async function turn(): Promise<void> {
  if (isTurnDue()) await nextTurn();
}
