import { useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useAnswer } from "../compute/compute.ts";
import { learned } from "../compute/learned.ts";
import type { LearningJobs } from "../compute/learning.ts";

/** While a net learns, those that look into it are given it anew at most so often. In milliseconds. */
const PAUSE = 400;

type Request = LearningJobs["lookInto"]["request"];

/** Whether the section with a heading of this id is on the screen. */
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
 * Has the panels of a chapter look into the net of chapter 6 as of the step that its time line shows, once that net has learned
 * anything: only while they are on the screen, since all that they compute is computed for each step again.
 */
export function useFollowing(chapter: string): void {
  const inSight = useInSight(chapter);
  const wanted = useSignal<Request | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useSignalEffect(() => {
    // Read here, so that every change is heard of.
    if (learned.value === wanted.peek()?.at || !inSight.value || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const at = learned.peek();
      if (at?.hasLearned) wanted.value = { at };
      // Back to the net that the page opens with.
      else if (wanted.peek()?.at !== undefined) wanted.value = { at: undefined };
    }, PAUSE);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  useAnswer("lookInto", wanted);
}
