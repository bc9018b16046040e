import type { NetName, StartAnswer } from "../../compute/learning.ts";
import type { LearningData } from "../../compute/learningData.ts";
import { settingsAt, type OptimizerName } from "../../compute/learningNet.ts";
import type { LearningProgress, LearningRow } from "../../compute/learningRun.ts";
import type { ShownStep } from "../../compute/learned.ts";
import { Columns } from "./columns.ts";
import { shownStep, type LearningState, type Settings } from "./model.ts";

// The session of the panel as plain data: what happened (a reducer), and what has to be done next. The loop that does it is in
// sessionLoop.ts.

/** Pictures of the reader. */
export type OwnPictures = Extract<LearningData, { kind: "own" }>;

/** A step that gave NaN or infinity. */
export interface Lost {
  readonly net: NetName;
  readonly row: LearningRow;
  readonly optimizer: OptimizerName;
}

/** A request for a new net, with the weights of a file if there is one. */
export interface Beginning {
  readonly file: Uint8Array | undefined;
}

/** The nets that are trained, and what is requested. */
export interface Session {
  /** The net and its data; `undefined` until both are loaded. */
  readonly begun: StartAnswer | undefined;
  /** The file that the weights came from. */
  readonly file: Uint8Array | undefined;
  /** State of the second net, which begins with the same weights. */
  readonly second: "none" | "ready" | "failed";
  readonly nets: Readonly<Record<NetName, Columns>>;
  readonly problem: string | undefined;
  readonly lost: Lost | undefined;
  /** The step until which the nets are trained; `undefined` while they are paused. */
  readonly until: number | undefined;
  /** A new net that is requested. */
  readonly beginning: Beginning | undefined;
  /** The step to go back to. */
  readonly back: number | undefined;
  /** Settings for the next step. */
  readonly wanted: Readonly<Partial<Record<NetName, Settings>>>;
}

/** The session before anything happened. */
export const noSession: Session = {
  ...{ begun: undefined, file: undefined, second: "none", problem: undefined, lost: undefined },
  ...{ until: undefined, beginning: undefined, back: undefined, wanted: {} },
  nets: { first: new Columns(), second: new Columns() },
};

/** Something that happened: a request of the reader, or an answer of the worker. */
export type SessionEvent =
  | { readonly kind: "begin"; readonly beginning: Beginning }
  | { readonly kind: "begun"; readonly answer: StartAnswer; readonly file: Uint8Array | undefined }
  | { readonly kind: "nothing to learn from" }
  | { readonly kind: "second begun"; readonly problem: string | undefined }
  | { readonly kind: "run"; readonly until: number }
  | { readonly kind: "pause" }
  | {
      readonly kind: "advanced";
      readonly net: NetName;
      readonly progress: LearningProgress;
      readonly by: OptimizerName;
    }
  | { readonly kind: "go back"; readonly to: number }
  | { readonly kind: "went back"; readonly net: NetName; readonly step: number }
  | { readonly kind: "want"; readonly net: NetName; readonly settings: Settings }
  | { readonly kind: "applied" }
  | { readonly kind: "problem"; readonly text: string };

const withNet = ({ nets }: Session, net: NetName, columns: Columns): Session["nets"] => ({ ...nets, [net]: columns });

/** The session after an event. */
export function reduce(session: Session, event: SessionEvent): Session {
  switch (event.kind) {
    case "begin":
      return { ...session, until: undefined, beginning: event.beginning };
    case "begun":
      return { ...noSession, begun: event.answer, file: event.file };
    case "nothing to learn from":
      return { ...session, begun: undefined, beginning: undefined };
    case "second begun": {
      const { step } = session.nets.first;
      if (event.problem !== undefined) return { ...session, second: "failed", problem: event.problem };
      // It catches up with the first net.
      return { ...session, second: "ready", until: session.until ?? (step > 0 ? step : undefined) };
    }
    case "run":
      return session.begun === undefined || session.until !== undefined
        ? session
        : { ...session, until: event.until, problem: undefined, lost: undefined };
    case "pause":
      return { ...session, until: undefined };
    case "advanced": {
      const { net, progress, by } = event;
      const columns = session.nets[net].with(progress);
      const next = { ...session, nets: withNet(session, net, columns) };
      return progress.lost === undefined
        ? next
        : { ...next, until: undefined, lost: { net, row: progress.lost, optimizer: by } };
    }
    case "go back":
      return { ...session, until: undefined, back: event.to };
    case "went back": {
      const columns = session.nets[event.net].until(event.step);
      return { ...session, nets: withNet(session, event.net, columns), back: undefined, lost: undefined };
    }
    case "want":
      return { ...session, wanted: { ...session.wanted, [event.net]: event.settings } };
    case "applied":
      return { ...session, wanted: {} };
    case "problem":
      return { ...session, ...{ until: undefined, beginning: undefined, back: undefined }, problem: event.text };
  }
}

/** A job for the worker. */
export type Task =
  | { readonly kind: "begin"; readonly net: NetName; readonly beginning: Beginning }
  | { readonly kind: "go back"; readonly nets: readonly NetName[]; readonly to: number }
  | { readonly kind: "advance"; readonly net: NetName; readonly until: number }
  | { readonly kind: "pause" };

/** The nets that exist. */
const netsOf = ({ second }: Session): readonly NetName[] => (second === "ready" ? ["first", "second"] : ["first"]);

/** What has to be done next; `undefined` if there is nothing to do. */
export function nextTask(session: Session, { beside }: Pick<LearningState, "beside">): Task | undefined {
  const { begun, beginning, second, back, until, file } = session;
  if (beginning !== undefined) return { kind: "begin", net: "first", beginning };
  if (begun === undefined) return undefined;
  if (beside && second === "none") return { kind: "begin", net: "second", beginning: { file } };
  if (back !== undefined) return { kind: "go back", nets: netsOf(session), to: back };
  if (until === undefined) return undefined;
  const { first, second: other } = session.nets;
  if (beside && second === "ready" && other.step < first.step)
    return { kind: "advance", net: "second", until: first.step };
  return first.step < until ? { kind: "advance", net: "first", until } : { kind: "pause" };
}

/** The state's field with the settings of a net. */
export const fieldOf = { first: "changes", second: "changes2" } as const;

/** Optimizer and rate of the next step. */
export const settingsOf = (session: Session, state: LearningState, net: NetName): Settings =>
  session.wanted[net] ?? settingsAt(state[fieldOf[net]], session.nets[net].step);

/** The step that is shown, of the net that is inspected; `undefined` before there is a net. */
export function shownOf(session: Session, { at, inside, beside }: LearningState): ShownStep | undefined {
  if (session.begun === undefined) return undefined;
  const net = inside === "second" && beside && session.second === "ready" ? "second" : "first";
  const { step, stride } = session.nets[net];
  return { net, step: shownStep(at, step, stride), hasLearned: step > 0 };
}
