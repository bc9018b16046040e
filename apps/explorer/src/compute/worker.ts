import { useBackend } from "@convlens/tensor";
import { convolution } from "./convolution.ts";
import { learningJobs } from "./learning.ts";
import { startMachine } from "./machine.ts";
import { pooling } from "./pooling.ts";
import type { FromWorker, Job, Jobs, Outcome, ToWorker } from "./protocol.ts";
import { shapes } from "./shapes.ts";

// The worker in which everything is computed, so that the page itself never waits.

/** The part of a worker's global scope that is used: the types of a page know another `postMessage`. */
interface Scope {
  postMessage(message: FromWorker): void;
  addEventListener(event: "message", listener: (event: { readonly data: ToWorker }) => void): void;
}
const scope = globalThis as unknown as Scope;
// A page and its worker have one origin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const send = (message: FromWorker): void => scope.postMessage(message);

const jobs: { readonly [J in Job]: (request: Jobs[J]["request"]) => Promise<Jobs[J]["answer"]> } = {
  convolution,
  ...learningJobs,
  pooling,
  shapes,
};

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const started = startMachine().then(
  ({ backend, machine }) => {
    useBackend(backend);
    send({ kind: "ready", machine });
  },
  (error: unknown) => send({ kind: "failed", text: sentence(error) }),
);

async function answer(message: ToWorker): Promise<Outcome<Jobs[Job]["answer"]>> {
  await started;
  // A request is of its job, which the protocol says of each alone.
  const job = jobs[message.job] as (request: ToWorker["request"]) => Promise<Jobs[Job]["answer"]>;
  try {
    return { kind: "answer", value: await job(message.request) };
  } catch (error) {
    return { kind: "problem", text: sentence(error) };
  }
}

scope.addEventListener("message", ({ data }) => {
  void answer(data).then((outcome) => send({ kind: "outcome", id: data.id, outcome }));
});
