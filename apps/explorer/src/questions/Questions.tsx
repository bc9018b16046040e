import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { Button } from "../controls/Button.tsx";
import type { Store } from "../store.ts";
import type { PanelStates } from "../panels/panels.ts";
import type { Question } from "./question.ts";

interface QuestionsProps {
  readonly chapter: number;
  readonly questions: readonly Question[];
  readonly store: Store;
}

/** The questions at the end of a chapter, which the page checks. */
export function Questions({ chapter, questions, store }: QuestionsProps) {
  return (
    <section class="questions" aria-label={`Questions of chapter ${chapter}`}>
      <h3>Find out</h3>
      <ol>
        {questions.map((question) => (
          <One key={question.text} question={question} store={store} />
        ))}
      </ol>
    </section>
  );
}

function One({ question, store }: { readonly question: Question; readonly store: Store }) {
  const { panel, text, isAnswered, answer, because } = question;
  const isNow = useComputed(() => isAnswered(store.state(panel).value as unknown as PanelStates[typeof panel]));
  // An answered question stays answered when the state changes.
  const found = useSignal<"no" | "tried" | "shown">("no");
  useSignalEffect(() => {
    if (isNow.value && found.peek() === "no") found.value = "tried";
  });
  return (
    <li class={found.value === "no" ? "" : "found"}>
      <p>{text}</p>
      <p role="status">
        {found.value !== "no" && (
          <>
            <strong>{found.value === "tried" ? "Correct. " : "Answer: "}</strong>
            {because}
          </>
        )}
      </p>
      {found.value === "no" && (
        <div class="bar-of-links">
          <a href={`#${panel}`} onClick={(event) => goTo(event, panel)}>
            To the figure
          </a>
          <Button
            text="Show me"
            onClick={() => {
              found.value = "shown";
              store.setFromText(panel, answer);
            }}
          />
        </div>
      )}
    </li>
  );
}

/** Scrolls to a panel. The link must not change the address, which contains the state of the panels. */
function goTo(event: Event, id: string): void {
  event.preventDefault();
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  document.getElementById(id)?.scrollIntoView({ behavior });
}
