import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useErrorBoundary, useRef } from "preact/hooks";
import { Compute, ComputeContext } from "../compute/compute.ts";
import { chapters } from "../panels/panels.ts";
import type { Panel } from "../panel.ts";
import type { Question } from "../questions/question.ts";
import { Questions } from "../questions/Questions.tsx";
import { questions } from "../questions/questions.ts";
import { StoreContext } from "../shared.ts";
import type { Store } from "../store.ts";
import { MachineLine } from "./MachineLine.tsx";
import { Text } from "./Text.tsx";
import { useFollowing } from "./useFollowing.ts";

/** What the page is made of. */
export interface ArticleProps {
  readonly panels: readonly Panel[];
  readonly store: Store;
  readonly compute: Compute;
}

/** The page: chapters with their panels, or only those that the address asks for. */
export function Article({ panels, store, compute }: ArticleProps): JSX.Element {
  const only = store.only.value;
  const shown = only.length === 0 ? panels : panels.filter(({ id }) => only.includes(id));
  // Only what is in sight can be tried.
  const asked = (number: number): readonly Question[] =>
    questions.filter(({ chapter, panel }) => chapter === number && shown.some(({ id }) => id === panel));
  const numbers = [...new Set(shown.map(({ chapter }) => chapter))];
  return (
    <ComputeContext.Provider value={compute}>
      <StoreContext.Provider value={store}>
        <div class="article">
          <header class="top">
            <h1>Convolutional nets, taken apart while they run</h1>
            <p class="lead">
              Every number on this page is computed in your browser, now. Change one, and see what depends on it. The
              address above holds what you see, your drawings too, so you can send it; photographs and recordings of
              yours stay on this page.
            </p>
            <MachineLine />
          </header>
          {store.problem.value !== undefined && (
            <div class="notice" role="alert">
              <p>{store.problem.value}</p>
            </div>
          )}
          <Following />
          <main>
            {numbers.map((number) => (
              <section class="chapter" key={number} aria-labelledby={`chapter-${number}`}>
                <h2 id={`chapter-${number}`}>
                  <span class="number">{chapters[number]?.question}</span>
                  {chapters[number]?.title}
                </h2>
                {shown
                  .filter(({ chapter }) => chapter === number)
                  .map((panel) => (
                    <PanelSection key={panel.id} panel={panel} store={store} />
                  ))}
                {asked(number).length > 0 && <Questions questions={asked(number)} store={store} />}
              </section>
            ))}
          </main>
        </div>
      </StoreContext.Provider>
    </ComputeContext.Provider>
  );
}

/** Chapter 7 looks into the net that chapter 6 has made. */
function Following(): null {
  useFollowing("chapter-7");
  return null;
}

/** How far above and below the window a panel is near. */
const NEAR = "60% 0px";

function PanelSection({ panel, store }: { readonly panel: Panel; readonly store: Store }): JSX.Element {
  const { id, title, text, View } = panel;
  // A page with all panels is written one after the other, and each figure is built when the reader comes near: so no task is
  // long, and nothing is computed for nobody.
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
  // One panel that fails leaves the others as they are.
  const [error, retry] = useErrorBoundary();
  // A view that is reset is made anew: it may hold what no address does, such as a photograph.
  const resets = useSignal(0);
  return (
    <section ref={root} class="panel" id={id} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>{title}</h3>
      {isWritten.value && <Text pieces={text} onSay={(change) => store.setFromText(id, change)} />}
      <div class="figure" role="group" aria-label={title}>
        {!isNear.value ? (
          <div class="coming" />
        ) : error === undefined ? (
          <View
            key={resets.value}
            state={store.state(id)}
            set={(change) => store.set(id, change as Readonly<Record<string, unknown>>)}
          />
        ) : (
          <div class="notice" role="alert">
            <p>This panel failed ({String(error)}). Resetting it below begins anew; the others go on.</p>
          </div>
        )}
        <div class="bar">
          <button
            type="button"
            onClick={() => {
              store.reset(id);
              resets.value++;
              retry();
            }}
          >
            Reset this panel
          </button>
        </div>
      </div>
    </section>
  );
}
