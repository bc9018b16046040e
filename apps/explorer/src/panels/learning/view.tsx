import { useComputed, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { useCompute, type Compute } from "../../compute/compute.ts";
import { learned } from "../../compute/learned.ts";
import { useSteadyAnswer } from "../../compute/useSteadyAnswer.ts";
import { Check } from "../../controls/Check.tsx";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Slider } from "../../controls/Slider.tsx";
import type { PanelProps } from "../../panel.ts";
import { codeOf } from "./code.ts";
import { Curves } from "./Curves.tsx";
import { Files } from "./Files.tsx";
import { Health } from "./Health.tsx";
import { Inside } from "./Inside.tsx";
import { changesInWords, comparison, healthAt, learningFields, percent, short, shownStep } from "./model.ts";
import { Notices } from "./Notices.tsx";
import { Own } from "./Own.tsx";
import { Processors } from "./Processors.tsx";
import { LearningSession } from "./session.ts";
import { SettingsOf } from "./Settings.tsx";
import { TimeLine } from "./TimeLine.tsx";

type Props = PanelProps<typeof learningFields>;

const dataTitles = { digits: "Digits", shapes: "Shapes", edges: "Edges", own: "Your pictures" } as const;
const MOST_STEPS = learningFields.trained.most;

/** The panel's own session with the worker, as long as the panel is there. */
function useSession(compute: Compute, signal: Props["state"], set: Props["set"]): LearningSession {
  const session = useMemo(() => new LearningSession(compute, () => signal.peek(), set), [compute]);
  useEffect(() => () => session.end(), [session]);
  return session;
}

/** A net at work on itself: what it learns from, how far it is, how it was, and what is in it. */
export function LearningView({ state: signal, set }: Props): JSX.Element {
  const state = signal.value;
  const compute = useCompute();
  const session = useSession(compute, signal, set);
  useSignalEffect(() => {
    const now = signal.value;
    // Digits are fetched as soon as there is something to compute with, so that the page goes on without a network.
    if (compute.status.value.kind === "ready") session.sync(now);
    if (session.begun.value === undefined) return;
    session.follow();
    if (now.beside) void session.compare();
  });
  const look = useSteadyAnswer(
    "lookAtLearning",
    useComputed(() => learned.value && { ...learned.value, example: signal.value.example }),
  );

  const version = session.version.value;
  const begun = session.begun.value;
  const running = session.running.value;
  const { first, second } = session.nets;
  const inside = learned.value?.net ?? "first";
  const { step: latest, stride } = session.nets[inside];
  const step = shownStep(state.at, latest, stride);
  const test = first.testAt(first.step);
  const scrub = (to: number): void => set({ at: to });
  const changes = [...state.changes, ...(state.beside ? state.changes2 : [])].map((change) => change.step);
  const answer = look.value?.outcome.kind === "answer" && begun !== undefined ? look.value.outcome.value : undefined;

  return (
    <div class="learning">
      <div class="controls">
        <Choice
          label="Learn from"
          options={learningFields.data.options}
          value={state.data}
          onChange={(data) => set({ ...session.afresh(), data })}
          nameOf={(data) => dataTitles[data]}
        />
        <Check
          label="A second net beside it, from the same seed"
          value={state.beside}
          onChange={(beside) => set({ beside, inside: "first" })}
        />
      </div>
      {state.data === "own" && <Own session={session} />}
      <div class="controls">
        <div class="player" role="group" aria-label="Training">
          <button
            type="button"
            class="play primary"
            disabled={begun === undefined}
            onClick={() => (running ? session.pause() : session.run(MOST_STEPS))}
          >
            {running ? "Pause" : "Start"}
          </button>
          <button
            type="button"
            disabled={begun === undefined || running}
            onClick={() => session.run(session.nets.first.step + 1)}
          >
            One step
          </button>
          <button type="button" disabled={begun === undefined} onClick={() => session.reset()}>
            Begin anew
          </button>
        </div>
        <SettingsOf
          of={state.beside ? "first net" : ""}
          settings={session.settings("first")}
          onChange={(settings) => session.change("first", settings)}
        />
        {state.beside && (
          <SettingsOf
            of="second net"
            settings={session.settings("second")}
            onChange={(settings) => session.change("second", settings)}
          />
        )}
      </div>
      <Processors
        processing={session.processing}
        value={state.processor}
        onChange={(processor) => set({ processor })}
      />
      <details class="more">
        <summary>More: number of filters, batch, seed</summary>
        <div class="controls">
          <Slider
            label="Filters of the first layer"
            field={learningFields.filters}
            value={state.filters}
            onChange={(filters) => set({ ...session.afresh(), filters })}
          />
          <Choice
            label="Examples in a step"
            options={learningFields.batch.options}
            value={state.batch}
            onChange={(batch) => set({ ...session.afresh(), batch })}
          />
          <Slider
            label="Seed"
            field={learningFields.seed}
            value={state.seed}
            onChange={(seed) => set({ ...session.afresh(), seed })}
          />
        </div>
      </details>
      <Notices session={session} state={state} set={set} />
      <p class="test-accuracy" role="status">
        {begun === undefined
          ? state.data === "own"
            ? "There is no net yet: it is made for your classes."
            : "Fetching what there is to learn from…"
          : first.step === 0
            ? `A net of ${begun.parameters.toLocaleString("en")} weights, ${begun.examples.toLocaleString("en")} examples to learn from and ${begun.tests.toLocaleString("en")} to be tested on. It has learned nothing yet.`
            : `Test accuracy ${percent(test?.accuracy ?? NaN)} at step ${test?.step ?? 0}, on ${begun.tests.toLocaleString("en")} examples.`}
      </p>
      {begun !== undefined && (
        <>
          <p class="counts">
            {first.step > 0 &&
              `Step ${first.step}, in pass ${Math.ceil(first.step / Math.max(1, Math.floor(begun.examples / Math.min(Number(state.batch), begun.examples))))} over the examples. Loss ${short(first.mean("loss", first.step))}. `}
            {state.beside
              ? `First net: ${changesInWords(state.changes)}. Second net: ${changesInWords(state.changes2)}. `
              : `${changesInWords(state.changes)}. `}
            {state.beside && comparison(test, second.testAt(second.step))}
          </p>
          <Curves
            first={first}
            second={state.beside ? second : undefined}
            version={version}
            at={step}
            changes={changes.filter((each) => each > 0)}
            onPick={scrub}
          />
          <TimeLine
            latest={latest}
            stride={stride}
            step={step}
            isLive={step === latest}
            describe={atStep(step, latest, session.nets[inside])}
            onStep={scrub}
            onGoOn={() => void session.goBack(step)}
          />
          {state.beside && (
            <Choice
              label="Look inside"
              options={learningFields.inside.options}
              value={state.inside}
              onChange={(to) => set({ inside: to })}
              nameOf={(net) => `The ${net} net`}
            />
          )}
          {answer && (
            <Inside
              look={answer}
              of={state.beside ? ` of the ${look.value!.request.net} net` : ""}
              classes={begun.classes}
              onExample={(by) => set({ example: (state.example + by + begun.tests) % begun.tests })}
            />
          )}
          <Health record={healthAt(session.nets[inside].health, step)} advice={session.nets[inside].advice} />
          <Files session={session} net={inside} step={step} />
        </>
      )}
      <Code text={codeOf(state)} />
    </div>
  );
}

/** What there was at a step, in words. */
function atStep(step: number, latest: number, columns: LearningSession["nets"]["first"]): string {
  if (latest === 0) return "Step 0: the net as it was made, at random.";
  const loss = step === 0 ? "before anything was learned" : `loss ${short(columns.mean("loss", step))}`;
  const test = columns.testAt(step);
  const tested = test === undefined ? "" : `, test accuracy ${percent(test.accuracy)}`;
  return `Step ${step} of ${latest}: ${loss}${tested}${step === latest ? "; the latest" : ""}.`;
}
