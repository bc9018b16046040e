// A contestant's side: a process that does what it is told, one line of JSON at a time, and answers on file descriptor 3, so that
// what libraries print disturbs nobody.
import { writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { timed, warm } from "./clock.mjs";
import { readWork } from "../works/files.mjs";

/** What a system cannot do. */
export class Absent extends Error {}

/**
 * Serves a system until there are no more commands.
 *
 * @param system - `about`: what it is; `prepare(work)`: gives `run` (one call), `result` (its numbers, in the order of
 * channels last; for training the losses of the first steps), and if needed `reset` and `release`; `peak`, if it can tell.
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
