import { batch, signal, type Signal } from "@preact/signals";
import type { Compute } from "../../compute/compute.ts";
import { learned, type ShownStep } from "../../compute/learned.ts";
import type { NetName, StartAnswer } from "../../compute/learning.ts";
import type { LearningData } from "../../compute/learningData.ts";
import { settingsAt, type OptimizerName } from "../../compute/learningNet.ts";
import type { LearningRow } from "../../compute/learningRun.ts";
import { Columns } from "./columns.ts";
import {
  changesUntil,
  learningFields,
  recipeOf,
  shownStep,
  withChange,
  type LearningState,
  type Settings,
} from "./model.ts";
import { Processing } from "./processing.ts";

/** Pictures of the reader's own. */
export type OwnPictures = Extract<LearningData, { kind: "own" }>;

/** A step that came to numbers that are none. */
export interface Lost {
  readonly net: NetName;
  readonly row: LearningRow;
  readonly optimizer: OptimizerName;
}

/** The worker learns for so long until the page hears of it: often enough to look alive. In milliseconds. */
const SLICE = 120;
/** The same for readers who want little to move. */
const CALM = 1000;

/** The state's field that holds the settings of a net. */
const fieldOf = { first: "changes", second: "changes2" } as const;

/** The page's end of a net that learns: asks the worker for a few steps at a time, and collects what they came to. */
export class LearningSession {
  readonly running: Signal<boolean> = signal(false);
  /** What there is to learn from, and the net; `undefined` until both are there. */
  readonly begun: Signal<StartAnswer | undefined> = signal(undefined);
  readonly problem: Signal<string | undefined> = signal(undefined);
  readonly lost: Signal<Lost | undefined> = signal(undefined);
  /** Grows whenever there is something new in `nets`. */
  readonly version: Signal<number> = signal(0);
  readonly own: Signal<OwnPictures | undefined> = signal(undefined);
  readonly nets: Readonly<Record<NetName, Columns>> = { first: new Columns(), second: new Columns() };
  readonly processing: Processing;
  readonly #compute: Compute;
  readonly #read: () => LearningState;
  readonly #set: (change: Partial<LearningState>) => void;
  readonly #isCalm: boolean = matchMedia("(prefers-reduced-motion: reduce)").matches;
  readonly #wanted: Map<NetName, Settings> = new Map();
  #epoch = 0;
  #key: string | undefined;
  #isLoaded = false;
  #hasSecond = false;
  #loop: Promise<void> = Promise.resolve();
  #published = 0;

  constructor(compute: Compute, read: () => LearningState, set: (change: Partial<LearningState>) => void) {
    this.processing = new Processing(compute, set);
    this.#compute = compute;
    this.#read = read;
    this.#set = set;
  }

  /** Moves what learns to the processor that the state names; makes a new net, if the state is of another than there is. */
  sync(state: LearningState): void {
    void this.processing.moveTo(state.processor);
    const key = keyOf(state);
    const isBackAtStart = state.trained === 0 && this.nets.first.step > 0 && this.#isInAddress();
    if (key === this.#key && !isBackAtStart) return;
    this.#key = key;
    void this.#begin();
  }

  /** Begins anew, with the same seed and the settings of now. */
  reset(): void {
    this.#change(this.afresh());
    void this.#begin();
  }

  /** What the state becomes when a net is made anew. */
  afresh(): Partial<LearningState> {
    const { changes, changes2 } = this.#read();
    const now = (all: typeof changes): typeof changes => [{ ...all.at(-1)!, step: 0 }];
    return { trained: 0, at: -1, changes: now(changes), changes2: now(changes2) };
  }

  /** Takes weights from a file. If it is not good, the net stays as it is, and the problem is said. */
  async load(file: Uint8Array): Promise<void> {
    await this.#begin(file);
  }

  /** Begins anew with pictures of the reader's own. */
  learnFrom(own: OwnPictures): void {
    this.own.value = own;
    this.#change({ ...this.afresh(), data: "own" });
    void this.#begin();
  }

  /** The weights of a net at a step, as a safetensors file. */
  async save(net: NetName, step: number): Promise<Uint8Array | undefined> {
    const outcome = await this.#compute.ask("saveLearned", { net, step });
    if (outcome.kind === "answer") return outcome.value;
    this.problem.value = outcome.text;
    return undefined;
  }

  /** Learns until a step, or until it is paused. */
  run(until: number): void {
    if (this.running.value || this.begun.value === undefined) return;
    batch(() => {
      this.running.value = true;
      this.problem.value = undefined;
      this.lost.value = undefined;
      this.#set({ at: -1 });
    });
    this.#loop = this.#learn(until);
  }

  /** Stops after the steps that are being made. */
  pause(): void {
    this.running.value = false;
  }

  /** Changes optimizer or rate, from the next step on. */
  change(net: NetName, settings: Settings): void {
    this.#wanted.set(net, settings);
    if (!this.running.value) this.#applyWanted();
    else this.version.value++;
  }

  /** Optimizer and rate of the next step. */
  settings(net: NetName): Settings {
    return this.#wanted.get(net) ?? settingsAt(this.#read()[fieldOf[net]], this.nets[net].step);
  }

  /** Forgets what came after a step, in both nets. */
  async goBack(to: number): Promise<void> {
    this.pause();
    await this.#loop;
    for (const net of this.#learning()) {
      const outcome = await this.#compute.ask("goBack", { net, step: to });
      if (outcome.kind === "answer") this.nets[net].cut(outcome.value);
      else this.problem.value = outcome.text;
    }
    const { changes, changes2 } = this.#read();
    batch(() => {
      this.lost.value = undefined;
      this.#change({
        at: -1,
        trained: this.nets.first.step,
        changes: changesUntil(changes, this.nets.first.step),
        changes2: changesUntil(changes2, this.nets.second.step),
      });
      this.#publish();
    });
  }

  /** Lets a second net, which begins with the same weights, catch up with the first. */
  async compare(): Promise<void> {
    if (this.#hasSecond || this.begun.value === undefined) return;
    await this.#startSecond();
    if (!this.running.value && this.nets.first.step > 0) this.run(this.nets.first.step);
  }

  /** Leaves the worker alone. */
  end(): void {
    this.#epoch++;
    this.pause();
    this.processing.end();
    learned.value = undefined;
  }

  #learning(): readonly NetName[] {
    return this.#hasSecond ? ["first", "second"] : ["first"];
  }

  async #begin(file?: Uint8Array): Promise<void> {
    const epoch = ++this.#epoch;
    this.pause();
    await this.#loop;
    const state = this.#read();
    if (state.data === "own" && this.own.value === undefined) {
      this.begun.value = undefined;
      return;
    }
    const data: LearningData = state.data === "own" ? this.own.value! : { kind: state.data };
    const outcome = await this.#compute.ask("startLearning", { net: "first", data, recipe: recipeOf(state), file });
    if (epoch !== this.#epoch) return;
    if (outcome.kind === "problem") {
      this.problem.value = outcome.text;
      return;
    }
    const { filters } = outcome.value;
    batch(() => {
      this.#isLoaded = file !== undefined;
      this.#hasSecond = false;
      this.#wanted.clear();
      for (const columns of Object.values(this.nets)) Object.assign(columns, new Columns());
      this.problem.value = undefined;
      this.lost.value = undefined;
      this.processing.forget();
      this.begun.value = outcome.value;
      // It is another net, even at the same step.
      learned.value = undefined;
      if (file !== undefined) this.#change({ ...this.afresh(), filters });
      this.#publish();
    });
    if (state.beside) await this.#startSecond(file);
  }

  async #startSecond(file?: Uint8Array): Promise<void> {
    const epoch = this.#epoch;
    const state = this.#read();
    const data: LearningData = state.data === "own" ? this.own.value! : { kind: state.data };
    const outcome = await this.#compute.ask("startLearning", { net: "second", data, recipe: recipeOf(state), file });
    if (epoch !== this.#epoch) return;
    if (outcome.kind === "problem") this.problem.value = outcome.text;
    else this.#hasSecond = true;
    this.#publish();
  }

  async #learn(until: number): Promise<void> {
    const epoch = this.#epoch;
    const { first, second } = this.nets;
    const isOn = (): boolean => epoch === this.#epoch && this.running.value;
    // While the first net waits for a second that catches up, there is nothing else to stop at.
    do {
      this.#applyWanted();
      if (first.step < until && !(await this.#advance("first", until, epoch))) break;
      while (isOn() && this.#read().beside && this.#hasSecond && second.step < first.step)
        if (!(await this.#advance("second", first.step, epoch))) break;
      if (this.lost.value !== undefined) break;
    } while (isOn() && first.step < until);
    if (epoch !== this.#epoch) return;
    batch(() => {
      this.running.value = false;
      this.#applyWanted();
      this.#publish();
    });
  }

  /** A few steps; whether there is reason to go on. */
  async #advance(net: NetName, until: number, epoch: number): Promise<boolean> {
    const changes = this.#read()[fieldOf[net]];
    const columns = this.nets[net];
    const outcome = await this.#compute.ask("advanceLearning", { net, changes, until, milliseconds: SLICE });
    if (epoch !== this.#epoch) return false;
    if (outcome.kind === "problem") {
      this.problem.value = outcome.text;
      return false;
    }
    const { lost } = outcome.value;
    batch(() => {
      columns.add(outcome.value);
      if (net === "first") this.processing.heard(outcome.value, this.#batchSize);
      if (net === "first" && this.#isInAddress()) this.#set({ trained: columns.step });
      if (lost !== undefined)
        this.lost.value = { net, row: lost, optimizer: settingsAt(changes, columns.step).optimizer };
      if (!this.#isCalm || performance.now() - this.#published > CALM) this.#publish();
    });
    return lost === undefined;
  }

  #publish(): void {
    this.#published = performance.now();
    this.version.value++;
    this.follow();
  }

  /** Tells the panels below which step is shown. */
  follow(): void {
    const { at, inside, beside } = this.#read();
    const net = inside === "second" && beside && this.#hasSecond ? "second" : "first";
    const { step, stride } = this.nets[net];
    const shown = shownStep(at, step, stride);
    if (this.begun.value === undefined) learned.value = undefined;
    else {
      const next: ShownStep = { net, step: shown, hasLearned: step > 0 };
      if (JSON.stringify(next) !== JSON.stringify(learned.peek())) learned.value = next;
    }
  }

  /** Examples in a step: all there are, where those are few. */
  get #batchSize(): number {
    return Math.min(Number(this.#read().batch), this.begun.peek()!.examples);
  }

  /** Whether the address holds all that the net is made of. */
  #isInAddress(): boolean {
    return !this.#isLoaded && this.#read().data !== "own";
  }

  /** Changes the state in a way that the net has been through already. */
  #change(change: Partial<LearningState>): void {
    batch(() => {
      this.#set(change);
      this.#key = keyOf(this.#read());
    });
  }

  #applyWanted(): void {
    const state = this.#read();
    for (const [net, settings] of this.#wanted)
      this.#change({ [fieldOf[net]]: withChange(state[fieldOf[net]], this.nets[net].step, settings) });
    this.#wanted.clear();
  }
}

/** What nets are made of. */
const keyOf = ({ data, filters, seed, batch: size, changes, changes2 }: LearningState): string =>
  [data, filters, seed, size, ...[changes, changes2].map((each) => learningFields.changes.print(each))].join();
