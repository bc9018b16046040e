import { useSignal, type ReadonlySignal } from "@preact/signals";

/** Runs what may fail. */
export type Attempt = (act: () => Promise<void>) => Promise<void>;

/** A function that runs what may fail, and why it failed, until the next attempt. */
export function useAttempt(): { readonly problem: ReadonlySignal<string | undefined>; readonly attempt: Attempt } {
  const problem = useSignal<string | undefined>(undefined);
  const attempt: Attempt = async (act) => {
    problem.value = undefined;
    try {
      await act();
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  return { problem, attempt };
}
