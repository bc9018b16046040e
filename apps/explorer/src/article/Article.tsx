import { useSignal } from "@preact/signals";
import { useEffect, useErrorBoundary, useRef } from "preact/hooks";
import { Compute, ComputeContext } from "../compute/compute.ts";
import { Button } from "../controls/Button.tsx";
import { Notice } from "../controls/Notice.tsx";
import { chapters } from "../panels/panels.ts";
import type { Panel } from "../panel.ts";
import type { Question } from "../questions/question.ts";
import { Questions } from "../questions/Questions.tsx";
import { questions } from "../questions/questions.ts";
import { StoreContext, usePanel } from "../shared.ts";
import type { Store } from "../store.ts";
import { MachineLine } from "./MachineLine.tsx";
import { Text } from "./Text.tsx";
import { useFollowing } from "./useFollowing.ts";

interface ArticleProps {
  readonly panels: readonly Panel[];
  readonly store: Store;
  readonly compute: Compute;
}

/** The page: chapters with their panels, or only the panels that the address asks for. */
export function Article({ panels, store, compute }: ArticleProps) {
  const only = store.only.value;
  const shown = only.length === 0 ? panels : panels.filter(({ id }) => only.includes(id));
  const numbers = [...new Set(shown.map(({ chapter }) => chapter))];
  const panelsOf = (number: number): readonly Panel[] => shown.filter(({ chapter }) => chapter === number);
  const asked = (number: number): readonly Question[] =>
    questions.filter(({ panel }) => panelsOf(number).some(({ id }) => id === panel));
  return (
    <ComputeContext.Provider value={compute}>
      <StoreContext.Provider value={store}>
        <div class="article">
          <header class="top">
            <h1>Convolutional nets, explained while they run</h1>
            <p class="lead">
              Every number on this page is computed in your browser. Change one to see what depends on it. The address
              of the page contains what you see, including your drawings, so you can share it. Your photographs and
              recordings never leave this page.
            </p>
            <MachineLine />
          </header>
          <Notice text={store.problem.value} />
          <Following />
          <main>
            {numbers.map((number) => (
              <section class="chapter" key={number} aria-labelledby={`chapter-${number}`}>
                <h2 id={`chapter-${number}`}>
                  <span class="number">{chapters[number]?.question}</span>
                  {chapters[number]?.title}
                </h2>
                {panelsOf(number).map((panel) => (
                  <PanelSection key={panel.id} panel={panel} store={store} />
                ))}
                {asked(number).length > 0 && <Questions chapter={number} questions={asked(number)} store={store} />}
              </section>
            ))}
          </main>
        </div>
      </StoreContext.Provider>
    </ComputeContext.Provider>
  );
}

/** Lets chapter 7 inspect the net of chapter 6. */
function Following(): null {
  useFollowing("chapter-7");
  return null;
}

function Figure({ panel: { id, fields, View } }: { readonly panel: Panel }) {
  return <View {...usePanel(id, fields)} />;
}

/** Distance from the window within which a panel is near. */
const NEAR = "60% 0px";

function PanelSection({ panel, store }: { readonly panel: Panel; readonly store: Store }) {
  const { id, title, text } = panel;
  // Texts are rendered one after the other, and each figure when the reader comes near, so that no task is long and nothing is
  // computed in vain.
  const isWritten = useSignal(store.only.value.length > 0);
  useEffect(() => {
    const timer = setTimeout(() => (isWritten.value = true));
    return () => clearTimeout(timer);
  }, []);
  const isNear = useSignal(store.only.value.length > 0);
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isNear.value) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) isNear.value = true;
      },
      { rootMargin: NEAR },
    );
    observer.observe(root.current!);
    return () => observer.disconnect();
  }, [isNear.value]);
  // An error of one panel does not affect the others.
  const [error, retry] = useErrorBoundary();
  // A reset creates a new view, because a view may contain state that is not in the address, such as a photograph.
  const resets = useSignal(0);
  return (
    <section ref={root} class="panel" id={id} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>{title}</h3>
      {isWritten.value && <Text pieces={text} onSay={(change) => store.setFromText(id, change)} />}
      <div class="figure" role="group" aria-label={title}>
        {!isNear.value ? (
          <div class="coming" />
        ) : error === undefined ? (
          <Figure key={resets.value} panel={panel} />
        ) : (
          <Notice
            text={`This panel failed (${String(error)}). Reset it below to start again. The others still work.`}
          />
        )}
        <div class="bar">
          <Button
            text="Reset this panel"
            onClick={() => {
              store.reset(id);
              resets.value++;
              retry();
            }}
          />
        </div>
      </div>
    </section>
  );
}
