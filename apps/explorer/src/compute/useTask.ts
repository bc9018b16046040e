import { batch, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useCompute, type AskOptions } from "./compute.ts";
import type { AnswerOf, Job, Outcome, RequestOf } from "./protocol.ts";

/** What a task prepares: the request for the worker. */
type Prepare<J extends Job> = () => Promise<RequestOf<J>> | RequestOf<J>;

/** A job that the reader starts and may stop. What was found is forgotten when `about` changes. */
export function useTask<J extends Job>(job: J, about: readonly unknown[], onLook?: AskOptions["onLook"]) {
  const compute = useCompute();
  const outcome = useSignal<Outcome<AnswerOf<J>> | undefined>(undefined);
  const isRunning = useSignal(false);
  const running = useRef<AbortController | undefined>(undefined);
  const stop = (): void => {
    running.current?.abort();
    isRunning.value = false;
  };
  const start = async (prepare: Prepare<J>): Promise<void> => {
    stop();
    const { signal } = (running.current = new AbortController());
    isRunning.value = true;
    const request = await prepare();
    if (signal.aborted) return;
    const found = await compute.ask(job, request, { signal, onLook: (look) => signal.aborted || onLook?.(look) });
    if (signal.aborted) return;
    batch(() => {
      outcome.value = found;
      isRunning.value = false;
    });
  };
  useEffect(() => {
    outcome.value = undefined;
    return stop;
  }, about);
  const { value } = outcome;
  return {
    ...{ start, stop, isRunning: isRunning.value },
    answer: value?.kind === "answer" ? value.value : undefined,
    problem: value?.kind === "problem" ? value.text : undefined,
  };
}
