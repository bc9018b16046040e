import { nextTurn } from "@convlens/backend";
import { useBackend } from "@convlens/tensor";
import { allowSoftwareGraphics } from "./backends.ts";
import { openNet } from "./data.ts";
import { jobsOf, type Running } from "./jobs.ts";
import { startMachine } from "./machine.ts";
import { CurrentNet } from "./net.ts";
import type { AnswerOf, Ask, FromWorker, Job, ToWorker } from "./protocol.ts";

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

const jobs = jobsOf(new CurrentNet(openNet, (net) => send({ kind: "net", net })));
/** Jobs that run beside others. The others run one after the other. */
const besides: ReadonlySet<Job> = new Set<Job>(["paint", "prepare"]);

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
/** Jobs that run beside others, and can be cancelled. */
const running = new Map<number, AbortController>();
let isBusy = false;

async function perform({ id, job, request }: Ask, { signal } = new AbortController()): Promise<void> {
  type AnyJob = (request: unknown, running: Running) => Promise<AnswerOf<Job>>;
  const look: Running["look"] = (look) => send({ kind: "look", id, look });
  try {
    await started;
    const value = await (jobs[job] as AnyJob)(request, { signal, look });
    send({ kind: "outcome", id, outcome: { kind: "answer", value } });
  } catch (error) {
    if (signal.aborted) send({ kind: "dropped", id });
    else send({ kind: "outcome", id, outcome: { kind: "problem", text: sentence(error) } });
  }
  running.delete(id);
}

/** Runs the waiting jobs one after the other. */
async function performAll(): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  await started;
  for (;;) {
    // Receives messages first, without the delay of a timer.
    await nextTurn();
    const [next] = waiting.values();
    if (next === undefined) break;
    waiting.delete(next.id);
    await perform(next);
  }
  isBusy = false;
}

scope.addEventListener("message", ({ data }) => {
  switch (data.kind) {
    case "ask":
      if (besides.has(data.job)) {
        running.set(data.id, new AbortController());
        void perform(data, running.get(data.id));
      } else {
        waiting.set(data.id, data);
        void performAll();
      }
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
