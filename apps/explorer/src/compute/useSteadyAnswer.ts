import { useSignal, useSignalEffect, type ReadonlySignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useCompute, type Answered } from "./compute.ts";
import type { Job, Jobs } from "./protocol.ts";

/**
 * As `useAnswer`, for requests that change with every answer to another one, as those about a net that learns: there each would
 * be overtaken before its turn comes. The next is asked when the last has been answered, and all in between are left out. So
 * what is shown is never more than one answer behind, and never stands still.
 */
export function useSteadyAnswer<J extends Job>(
  job: J,
  request: ReadonlySignal<Jobs[J]["request"] | undefined>,
): ReadonlySignal<Answered<J> | undefined> {
  const compute = useCompute();
  const answered = useSignal<Answered<J> | undefined>(undefined);
  const asking = useRef<{ wanted: Jobs[J]["request"] | undefined; isBusy: boolean }>({
    wanted: undefined,
    isBusy: false,
  });
  useSignalEffect(() => {
    const current = asking.current;
    current.wanted = request.value;
    if (current.isBusy) return;
    current.isBusy = true;
    void (async () => {
      while (current.wanted !== undefined) {
        const asked = current.wanted;
        current.wanted = undefined;
        const outcome = await compute.ask(job, asked);
        answered.value = { request: asked, outcome };
      }
      current.isBusy = false;
    })();
  });
  return answered;
}
