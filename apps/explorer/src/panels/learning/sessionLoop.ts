import { batch, signal, type Signal } from "@preact/signals";
import type { Compute } from "../../compute/compute.ts";
import { learned } from "../../compute/learned.ts";
import type { NetName } from "../../compute/learning.ts";
import type { LearningData } from "../../compute/learningData.ts";
import { settingsAt, type Changes } from "../../compute/learningNet.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import { changesUntil, learningFields, recipeOf, withChange, type LearningState, type Settings } from "./model.ts";
import { Processing } from "./processing.ts";
import {
  fieldOf,
  nextTask,
  noSession,
  reduce,
  shownOf,
  type Beginning,
  type OwnPictures,
  type Session,
  type SessionEvent,
  type Task,
} from "./session.ts";

/** Properties of a part of the panel. */
export interface PartProps extends PanelProps<typeof learningFields> {
  readonly session: LearningSession;
}

/** Milliseconds of training between two updates of the page. */
const SLICE = 120;
/** Milliseconds between two updates for readers who prefer reduced motion. */
const CALM = 1000;

/** The page's side of the nets that are trained: one loop sends jobs to the worker and reduces the answers. */
export class LearningSession {
  /** The session as it is shown. */
  readonly shown: Signal<Session> = signal(noSession);
  readonly own: Signal<OwnPictures | undefined> = signal(undefined);
  readonly processing: Processing;
  readonly #compute: Compute;
  readonly #read: () => LearningState;
  readonly #set: (change: Partial<LearningState>) => void;
  readonly #isCalm: boolean = matchMedia("(prefers-reduced-motion: reduce)").matches;
  #session = noSession;
  #key: string | undefined;
  #isEnded = false;
  #isWorking = false;
  #idle: Promise<void> = Promise.resolve();
  #published = 0;

  constructor(compute: Compute, read: () => LearningState, set: (change: Partial<LearningState>) => void) {
    this.processing = new Processing(compute, set);
    this.#compute = compute;
    this.#read = read;
    this.#set = set;
  }

  /** Follows the state of the panel: trains on its processor, and makes a new net if the state describes another one. */
  sync(state: LearningState): void {
    void this.processing.moveTo(state.processor);
    const key = keyOf(state);
    const { nets, beginning } = this.#session;
    const isBackAtStart = state.trained === 0 && nets.first.step > 0 && beginning === undefined && this.#isInAddress();
    if (key !== this.#key || isBackAtStart) {
      this.#key = key;
      void this.#begin();
    } else void this.#wake();
    const next = shownOf(this.#session, state);
    if (JSON.stringify(next) !== JSON.stringify(learned.peek())) learned.value = next;
  }

  /** Begins again with the same seed and the present settings. */
  reset(): void {
    this.#change(this.afresh());
    void this.#begin();
  }

  /** The change of the state for a new net. */
  afresh(): Partial<LearningState> {
    const { changes, changes2 } = this.#read();
    const now = (all: Changes): Changes => [{ ...settingsAt(all, Infinity), step: 0 }];
    return { trained: 0, at: -1, changes: now(changes), changes2: now(changes2) };
  }

  /** Loads weights from a file. If that fails, the net does not change. Resolves to the problem. */
  async load(file: Uint8Array): Promise<string | undefined> {
    await this.#begin(file);
    return this.#session.problem;
  }

  /** Begins again with pictures of the reader. */
  learnFrom(own: OwnPictures): void {
    this.own.value = own;
    this.#change({ ...this.afresh(), data: "own" });
    void this.#begin();
  }

  /** The weights of a net at a step as a safetensors file. */
  async save(net: NetName, step: number): Promise<Uint8Array | undefined> {
    const outcome = await this.#compute.ask("saveLearned", { net, step });
    if (outcome.kind === "answer") return outcome.value;
    this.say(outcome.text);
    return undefined;
  }

  /** Shows a problem. */
  say(problem: string): void {
    this.#dispatch({ kind: "problem", text: problem });
  }

  /** Trains until a step, or until it is paused. */
  run(until: number): void {
    batch(() => {
      this.#dispatch({ kind: "run", until });
      this.#set({ at: -1 });
    });
    void this.#wake();
  }

  /** Stops after the steps that are being computed. */
  pause(): void {
    this.#dispatch({ kind: "pause" });
  }

  /** Changes optimizer or rate from the next step on. */
  change(net: NetName, settings: Settings): void {
    this.#dispatch({ kind: "want", net, settings });
    if (this.#session.until === undefined) this.#applyWanted();
  }

  /** Discards the steps after `to` in all nets. */
  async goBack(to: number): Promise<void> {
    this.#dispatch({ kind: "go back", to });
    await this.#wake();
  }

  /** Stops everything. */
  end(): void {
    this.#isEnded = true;
    this.processing.end();
    learned.value = undefined;
  }

  #dispatch(event: SessionEvent): void {
    this.#session = reduce(this.#session, event);
    const isEarly = event.kind === "advanced" && this.#isCalm && performance.now() - this.#published < CALM;
    if (isEarly) return;
    this.#published = performance.now();
    this.shown.value = this.#session;
  }

  #begin(file?: Uint8Array): Promise<void> {
    this.#dispatch({ kind: "begin", beginning: { file } });
    return this.#wake();
  }

  /** Starts the loop, unless it runs. Resolves when there is nothing left to do. */
  #wake(): Promise<void> {
    if (!this.#isWorking) {
      this.#isWorking = true;
      this.#idle = this.#work();
    }
    return this.#idle;
  }

  async #work(): Promise<void> {
    for (;;) {
      this.#applyWanted();
      const task = this.#isEnded ? undefined : nextTask(this.#session, this.#read());
      if (task === undefined) break;
      await this.#perform(task);
    }
    this.#isWorking = false;
  }

  async #perform(task: Task): Promise<void> {
    switch (task.kind) {
      case "begin":
        return task.net === "first" ? this.#beginFirst(task.beginning) : this.#beginSecond(task.beginning);
      case "advance":
        return this.#advance(task.net, task.until);
      case "go back":
        return this.#returnTo(task.to, task.nets);
      case "pause":
        return this.pause();
    }
  }

  /** What the nets learn from; `undefined` if the reader has to provide it first. */
  #data(): LearningData | undefined {
    const { data } = this.#read();
    return data === "own" ? this.own.value : { kind: data };
  }

  async #beginFirst(beginning: Beginning): Promise<void> {
    const { file } = beginning;
    const data = this.#data();
    if (data === undefined) return this.#dispatch({ kind: "nothing to learn from" });
    const recipe = recipeOf(this.#read());
    const outcome = await this.#compute.ask("startLearning", { net: "first", data, recipe, file });
    // Another net may have been requested meanwhile.
    if (this.#isEnded || this.#session.beginning !== beginning) return;
    if (outcome.kind === "problem") return this.say(outcome.text);
    const answer = outcome.value;
    batch(() => {
      this.#dispatch({ kind: "begun", answer, file });
      this.processing.forget();
      // It is another net, even at the same step.
      learned.value = undefined;
      if (file !== undefined) this.#change({ ...this.afresh(), filters: answer.filters });
    });
  }

  async #beginSecond({ file }: Beginning): Promise<void> {
    const recipe = recipeOf(this.#read());
    const outcome = await this.#compute.ask("startLearning", { net: "second", data: this.#data()!, recipe, file });
    if (this.#isEnded || this.#session.beginning !== undefined) return;
    this.#dispatch({ kind: "second begun", problem: outcome.kind === "problem" ? outcome.text : undefined });
  }

  async #advance(net: NetName, until: number): Promise<void> {
    const changes = this.#read()[fieldOf[net]];
    const outcome = await this.#compute.ask("advanceLearning", { net, changes, until, milliseconds: SLICE });
    if (this.#isEnded || this.#session.beginning !== undefined) return;
    if (outcome.kind === "problem") return this.say(outcome.text);
    const progress = outcome.value;
    batch(() => {
      const by = settingsAt(changes, progress.step).optimizer;
      this.#dispatch({ kind: "advanced", net, progress, by });
      if (net !== "first") return;
      this.processing.heard(progress, this.#batchSize);
      if (this.#isInAddress()) this.#set({ trained: this.#session.nets.first.step });
    });
  }

  async #returnTo(to: number, nets: readonly NetName[]): Promise<void> {
    for (const net of nets) {
      const outcome = await this.#compute.ask("goBack", { net, step: to });
      if (outcome.kind === "problem") return this.say(outcome.text);
      this.#dispatch({ kind: "went back", net, step: outcome.value });
    }
    const { changes, changes2 } = this.#read();
    const { first, second } = this.#session.nets;
    this.#change({
      ...{ at: -1, trained: first.step },
      changes: changesUntil(changes, first.step),
      changes2: changesUntil(changes2, second.step),
    });
  }

  /** Examples in a step: all of them, if there are fewer than a batch. */
  get #batchSize(): number {
    return Math.min(Number(this.#read().batch), this.#session.begun!.examples);
  }

  /** Whether the address describes the net completely. */
  #isInAddress(): boolean {
    return this.#session.file === undefined && this.#read().data !== "own";
  }

  /** Changes the state in a way that needs no new net. */
  #change(change: Partial<LearningState>): void {
    batch(() => {
      this.#set(change);
      this.#key = keyOf(this.#read());
    });
  }

  #applyWanted(): void {
    const { wanted, nets } = this.#session;
    const all = Object.entries(wanted) as [NetName, Settings][];
    if (all.length === 0) return;
    batch(() => {
      for (const [net, settings] of all)
        this.#change({ [fieldOf[net]]: withChange(this.#read()[fieldOf[net]], nets[net].step, settings) });
      this.#dispatch({ kind: "applied" });
    });
  }
}

/** Everything that a net is made from. */
const keyOf = ({ data, filters, seed, batch: size, changes, changes2 }: LearningState): string =>
  [data, filters, seed, size, ...[changes, changes2].map((each) => learningFields.changes.print(each))].join();
