import { useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useAnswer } from "../compute/compute.ts";
import { learned } from "../compute/learned.ts";
import type { RequestOf } from "../compute/protocol.ts";

/** Milliseconds between two versions of a net in training for the panels that inspect it. */
const PAUSE = 400;

/** Whether the section with a heading of this id is visible. */
function useInSight(id: string): Signal<boolean> {
  const inSight = useSignal(false);
  useEffect(() => {
    const element = document.getElementById(id)?.closest("section");
    if (!element) return undefined;
    const observer = new IntersectionObserver((entries) => (inSight.value = entries.at(-1)!.isIntersecting));
    observer.observe(element);
    return () => observer.disconnect();
  }, [id]);
  return inSight;
}

/**
 * Lets the panels of a chapter inspect the net of chapter 6 at the step of its time line, once it was trained. Only while they
 * are visible, because everything is computed again for each step.
 */
export function useFollowing(chapter: string): void {
  const inSight = useInSight(chapter);
  const wanted = useSignal<RequestOf<"lookInto"> | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useSignalEffect(() => {
    // Reads all signals, so that every change runs the effect.
    if (learned.value === wanted.peek()?.at || !inSight.value || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const at = learned.peek();
      if (at?.hasLearned) wanted.value = { at };
      // Back to the pretrained net.
      else if (wanted.peek()?.at !== undefined) wanted.value = { at: undefined };
    }, PAUSE);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  useAnswer("lookInto", () => wanted.value);
}
