// The process of a contestant: it reads commands, one line of JSON each, and answers on file descriptor 3, so that output of
// libraries does not interfere.
import { writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { timed, warm } from "./clock.mjs";
import { readWork } from "../works/files.mjs";

/** Error of a workload that a library cannot run. */
export class Absent extends Error {}

/**
 * Serves a library until there are no more commands.
 *
 * @param system - `about`: its description; `prepare(work)`: returns `run` (one call), `result` (its numbers, channels last; in
 * training the losses of the first steps), and optionally `reset` and `release`; `peak`: optional.
 */
export async function serve({ about, prepare, peak }) {
  let prepared;
  let result;
  const commands = {
    about: () => about,
    prepare: async ({ folder }) => {
      await prepared?.release?.();
      prepared = undefined;
      prepared = await prepare(readWork(folder));
      return { bytes: prepared.bytes };
    },
    result: async ({ file }) => {
      result = await prepared.result();
      writeFileSync(file, new Uint8Array(result.buffer, result.byteOffset, result.byteLength));
      return {};
    },
    warm: async ({ seconds, least }) => {
      await warm(prepared.run, { seconds, least });
      return {};
    },
    time: async ({ seconds }) => {
      await prepared.reset?.();
      return { times: await timed(prepared.run, seconds) };
    },
    peak: async ({ seconds }) => (await peak?.(seconds)) ?? {},
  };
  for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
      const { command, ...rest } = JSON.parse(line);
      answer = await commands[command](rest);
    } catch (error) {
      answer = error instanceof Absent ? { absent: error.message } : { error: error.stack ?? `${error}` };
    }
    writeSync(3, `${JSON.stringify(answer)}\n`);
  }
  process.exit();
}
