import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { useCompute, useSteadyAnswer, type Compute } from "../../compute/compute.ts";
import { learned } from "../../compute/learned.ts";
import type { NetName, StartAnswer } from "../../compute/learning.ts";
import { Button } from "../../controls/Button.tsx";
import { Check } from "../../controls/Check.tsx";
import { Code } from "../../controls/Code.tsx";
import { More } from "../../controls/More.tsx";
import { grouped, percent } from "../../draw/shown.ts";
import { panelProps, type PanelProps } from "../../controls/panelProps.tsx";
import { codeOf } from "./code.ts";
import type { Columns } from "./columns.ts";
import { Curves } from "./Curves.tsx";
import { Files } from "./Files.tsx";
import { Health } from "./Health.tsx";
import { Inside } from "./Inside.tsx";
import { changesInWords, comparison, healthAt, learningFields, short, shownStep, type LearningState } from "./model.ts";
import { Notices } from "./Notices.tsx";
import { Own } from "./Own.tsx";
import { Processors } from "./Processors.tsx";
import { settingsOf, type Session } from "./session.ts";
import { LearningSession, type PartProps } from "./sessionLoop.ts";
import { SettingsOf } from "./Settings.tsx";
import { TimeLine } from "./TimeLine.tsx";

type Props = PanelProps<typeof learningFields>;
const MOST_STEPS = learningFields.trained.most;

/** A session for as long as the panel is mounted, which follows the state of the panel. */
function useSession(compute: Compute, { signal, set }: Props): LearningSession {
  const session = useMemo(() => new LearningSession(compute, () => signal.peek(), set), [compute]);
  useEffect(() => () => session.end(), [session]);
  useSignalEffect(() => {
    const state = signal.value;
    void session.shown.value;
    // The digits are loaded as soon as the worker is ready, so that the page works without a network afterwards.
    if (compute.status.value.kind === "ready") session.sync(state);
  });
  return session;
}

/** A net in training: its data, its settings, its curves, its earlier steps, and what is inside. */
export function LearningView(props: Props) {
  const { state } = props;
  const session = useSession(useCompute(), props);
  const { begun } = session.shown.value;
  const shared = { ...props, session };
  return (
    <div class="learning">
      <Controls {...shared} />
      <Notices {...shared} />
      <p class="test-accuracy" role="status">
        {progressOf(session.shown.value, state)}
      </p>
      {begun !== undefined && <Progress {...shared} begun={begun} />}
      <Code text={codeOf(state)} />
    </div>
  );
}

/** Data, settings and processor. */
function Controls(props: PartProps) {
  const { signal, state, set, session } = props;
  const { begun, until, nets } = session.shown.value;
  const isRunning = until !== undefined;
  // Most settings need a new net.
  const { slider, choice } = panelProps(learningFields, signal, (change) => set({ ...session.afresh(), ...change }));
  const settings = (net: NetName, of: string) => (
    <SettingsOf
      of={of}
      settings={settingsOf(session.shown.value, state, net)}
      onChange={(to) => session.change(net, to)}
    />
  );
  return (
    <>
      <div class="controls">
        {choice("data", "Learn from", { digits: "Digits", shapes: "Shapes", edges: "Edges", own: "Your pictures" })}
        <Check
          label="A second net beside it, from the same seed"
          value={state.beside}
          onChange={(beside) => set({ beside, inside: "first" })}
        />
      </div>
      {state.data === "own" && <Own session={session} />}
      <div class="controls">
        <div class="player" role="group" aria-label="Training">
          <Button
            text={isRunning ? "Pause" : "Start"}
            class="play primary"
            disabled={begun === undefined}
            onClick={() => (isRunning ? session.pause() : session.run(MOST_STEPS))}
          />
          <Button
            text="One step"
            disabled={begun === undefined || isRunning}
            onClick={() => session.run(nets.first.step + 1)}
          />
          <Button text="Begin again" disabled={begun === undefined} onClick={() => session.reset()} />
        </div>
        {settings("first", state.beside ? "first net" : "")}
        {state.beside && settings("second", "second net")}
      </div>
      <Processors {...props} />
      <More title="More: number of filters, batch size, seed">
        {slider("filters", "Filters of the first layer")}
        {choice("batch", "Batch size")}
        {slider("seed", "Seed")}
      </More>
    </>
  );
}

/** The test accuracy, or what is missing before the first step. */
function progressOf({ begun, nets: { first } }: Session, { data }: LearningState): string {
  if (begun === undefined)
    return data === "own" ? "There is no net yet: it is made for your classes." : "Loading the data…";
  const { parameters, examples, tests } = begun;
  if (first.step === 0)
    return `A net with ${grouped(parameters)} weights, ${grouped(examples)} training examples and ${grouped(tests)} test examples. It is not trained yet.`;
  const test = first.testAt(first.step);
  return `Test accuracy ${percent(test?.accuracy ?? NaN)} at step ${test?.step ?? 0}, on ${grouped(tests)} examples.`;
}

/** Curves, time line and the inside of the net. */
function Progress(props: PartProps & { readonly begun: StartAnswer }) {
  const { signal, state, set, session, begun, choice } = props;
  const { nets } = session.shown.value;
  const { request, value: look } = useSteadyAnswer(
    "lookAtLearning",
    () => learned.value && { ...learned.value, example: signal.value.example },
  ).value;
  const inside = learned.value?.net ?? "first";
  const columns = nets[inside];
  const { step: latest, stride } = columns;
  const step = shownStep(state.at, latest, stride);
  const changes = [...state.changes, ...(state.beside ? state.changes2 : [])].map((change) => change.step);
  return (
    <>
      <p class="counts">{summaryOf(begun, session.shown.value, state)}</p>
      <Curves
        first={nets.first}
        second={state.beside ? nets.second : undefined}
        at={step}
        changes={changes.filter((each) => each > 0)}
        onPick={(at) => set({ at })}
      />
      <TimeLine {...props} columns={columns} step={step} describe={atStep(step, latest, columns)} />
      {state.beside && choice("inside", "Look inside", { first: "The first net", second: "The second net" })}
      {look && request && (
        <Inside
          look={look}
          of={state.beside ? ` of the ${request.net} net` : ""}
          classes={begun.classes}
          onExample={(by) => set({ example: (state.example + by + begun.tests) % begun.tests })}
        />
      )}
      <Health record={healthAt(columns.health, step)} advice={columns.advice} />
      <Files session={session} net={inside} step={step} />
    </>
  );
}

/** Steps, loss and settings in words. */
function summaryOf({ examples }: StartAnswer, { nets: { first, second } }: Session, state: LearningState): string {
  const steps = Math.max(1, Math.floor(examples / Math.min(Number(state.batch), examples)));
  const done = `Step ${first.step}, epoch ${Math.ceil(first.step / steps)}. Loss ${short(first.mean("loss", first.step))}. `;
  const settings = state.beside
    ? `First net: ${changesInWords(state.changes)}. Second net: ${changesInWords(state.changes2)}. `
    : `${changesInWords(state.changes)}. `;
  const compared = state.beside ? comparison(first.testAt(first.step), second.testAt(second.step)) : "";
  return `${first.step > 0 ? done : ""}${settings}${compared}`;
}

/** A step in words. */
function atStep(step: number, latest: number, columns: Columns): string {
  if (latest === 0) return "Step 0: the random initial weights.";
  const loss = step === 0 ? "before training" : `loss ${short(columns.mean("loss", step))}`;
  const test = columns.testAt(step);
  const tested = test === undefined ? "" : `, test accuracy ${percent(test.accuracy)}`;
  return `Step ${step} of ${latest}: ${loss}${tested}${step === latest ? "; the latest" : ""}.`;
}
