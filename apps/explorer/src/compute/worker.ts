import { nextTurn } from "@convlens/backend";
import { useBackend } from "@convlens/tensor";
import { architecture } from "./architecture.ts";
import { allowSoftwareGraphics, backendOf } from "./backends.ts";
import { convolution } from "./convolution.ts";
import { openNet, testDigits } from "./data.ts";
import { digit } from "./digit.ts";
import { explanation, listMethods } from "./explanation.ts";
import { floor, race } from "./floor.ts";
import { fool } from "./fool.ts";
import { learnedParts, learningJobs } from "./learning.ts";
import { startMachine } from "./machine.ts";
import { CurrentNet } from "./net.ts";
import { painting } from "./painting.ts";
import { patches } from "./patches.ts";
import { matrices } from "./matrices.ts";
import { pooling } from "./pooling.ts";
import type { Ask, FromWorker, Job, Jobs, Outcome, Show, Shows, ToWorker, Watch } from "./protocol.ts";
import { shapes } from "./shapes.ts";
import { takeApart } from "./takeApart.ts";
import { unit } from "./unit.ts";
import { signal } from "./signal.ts";
import { surgery } from "./surgery.ts";

// The worker that computes everything, so that the page is never blocked.

/** The used part of a worker's global scope, whose `postMessage` differs from that of a page. */
interface Scope {
  postMessage(message: FromWorker): void;
  addEventListener(event: "message", listener: (event: { readonly data: ToWorker }) => void): void;
}
const scope = globalThis as unknown as Scope;
// A page and its worker have the same origin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const send = (message: FromWorker): void => scope.postMessage(message);

const net = new CurrentNet(openNet, (info) => send({ kind: "net", net: info }));

const jobs: { readonly [J in Job]: (request: Jobs[J]["request"]) => Promise<Jobs[J]["answer"]> } = {
  convolution,
  ...learningJobs,
  lookInto: async ({ at }) => {
    if (at === undefined) net.reset();
    else net.set(learnedParts(at));
    return undefined;
  },
  pooling,
  shapes,
  signal,
  matrices,
  architecture,
  surgery,
  digit: async (request) => digit(await testDigits(), request),
  takeApart: async (request) => takeApart(await net.get(), request),
  unit: async (request) => unit(await net.get(), request),
  explain: async (request) => explanation(await net.get(), request),
  explanationMethods: async () => listMethods(),
  fool: async (request) => fool(await net.get(), request),
  patches: async (request) => patches(await net.get(), await testDigits(), request),
  floor: async (request) => floor(await net.get(), await testDigits(), request),
  race: async (request) => race(await net.get(), await testDigits(), request),
};

type AnyShow = (request: unknown, signal: AbortSignal) => AsyncGenerator<Shows[Show]["look"], void, void>;
const shows: {
  readonly [S in Show]: (
    request: Shows[S]["request"],
    signal: AbortSignal,
  ) => AsyncGenerator<Shows[S]["look"], void, void>;
} = {
  paint: (request, signal) => painting(() => net.get(), request, signal),
  // It has no intermediate results.
  // oxlint-disable-next-line require-yield
  prepare: async function* ({ processor }) {
    await backendOf(processor);
  },
};

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const started = startMachine().then(
  ({ backend, machine }) => {
    useBackend(backend);
    send({ kind: "ready", machine });
  },
  (error: unknown) => send({ kind: "failed", text: sentence(error) }),
);

/** Jobs that have not begun, the oldest first. Cancelled ones are removed. */
const waiting = new Map<number, Ask>();
let isBusy = false;

async function answer({ job, request }: Ask): Promise<Outcome<Jobs[Job]["answer"]>> {
  try {
    return { kind: "answer", value: await (jobs[job] as (request: unknown) => Promise<Jobs[Job]["answer"]>)(request) };
  } catch (error) {
    return { kind: "problem", text: sentence(error) };
  }
}

/** Runs the waiting jobs one after the other. */
async function answerAll(): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  await started;
  for (;;) {
    // Receives messages first, without the delay of a timer.
    await nextTurn();
    const [next] = waiting.values();
    if (next === undefined) break;
    waiting.delete(next.id);
    send({ kind: "outcome", id: next.id, outcome: await answer(next) });
  }
  isBusy = false;
}

const running = new Map<number, AbortController>();

/** Runs a show while jobs go on, until it ends or is cancelled. */
async function show({ id, show, request }: Watch): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  let problem: string | undefined;
  try {
    await started;
    for await (const look of (shows[show] as AnyShow)(request, controller.signal)) {
      if (controller.signal.aborted) break;
      send({ kind: "look", id, look });
    }
  } catch (error) {
    if (!controller.signal.aborted) problem = sentence(error);
  }
  running.delete(id);
  send({ kind: "ended", id, problem });
}

scope.addEventListener("message", ({ data }) => {
  switch (data.kind) {
    case "ask":
      waiting.set(data.id, data);
      void answerAll();
      break;
    case "watch":
      void show(data);
      break;
    case "cancel":
      if (waiting.delete(data.id)) send({ kind: "dropped", id: data.id });
      running.get(data.id)?.abort();
      break;
    case "allowSoftwareGraphics":
      allowSoftwareGraphics();
      break;
  }
});
