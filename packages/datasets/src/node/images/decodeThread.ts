import { parentPort } from "node:worker_threads";
import { ConvlensError, type ErrorDetails } from "@convlens/backend";
import { decodeFile, type Decoded, type DecodeTask } from "./decodeFile.ts";

/** The answer to a task: the decoded image, or why there is none. */
export type Answer = { readonly decoded: Decoded } | { readonly details: ErrorDetails };

parentPort?.on("message", (task: DecodeTask) => {
  let answer: Answer;
  try {
    answer = { decoded: decodeFile(task) };
  } catch (error) {
    answer = {
      details:
        error instanceof ConvlensError ? error.details : { problem: `${task.path}: ${(error as Error).message}` },
    };
  }
  parentPort!.postMessage(answer, "decoded" in answer ? [answer.decoded.buffer as ArrayBuffer] : []);
});
