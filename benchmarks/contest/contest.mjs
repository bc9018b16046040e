// Runs a workload on all contestants in turns, so that a disturbance of the machine affects all of them.
import { join } from "node:path";
import { readNumbers, writeWork } from "../works/files.mjs";
import { summary } from "./clock.mjs";
import { difference, tolerances } from "./difference.mjs";
import { Absent } from "./serve.mjs";

/** Starts contestants. Returns those that started, with their descriptions, and prints why others did not. */
export async function introduced(contestants) {
  const found = [];
  for (const contestant of contestants)
    try {
      contestant.about = await contestant.ask("about");
      found.push(contestant);
    } catch (error) {
      // Without Convlens there is nothing to compare with.
      if (contestant.isOurs) throw error;
      console.log(`${contestant.name} cannot be started and is left out: ${error.message.trim()}`);
    }
  return found;
}

/**
 * Lets each contestant prepare and compute a workload, compares the results, and times the contestants round by round.
 *
 * @param pace - `rounds`, `seconds` of each round, `warm` seconds before.
 * @param check - Whether results are compared with those of the first contestant.
 * @returns By contestant: times of a call in seconds and the difference of its result, or why it is absent.
 */
export async function contest(contestants, work, { folder, pace, check, onStep = () => undefined }) {
  const at = writeWork(work, folder);
  const entered = [];
  const figures = new Map();
  for (const contestant of contestants) {
    onStep(`${contestant.name} prepares`);
    const file = join(at, `result-${entered.length}.f32`);
    try {
      const { bytes } = await contestant.ask("prepare", { folder: at });
      if (check) await contestant.ask("result", { file });
      await contestant.ask("warm", { seconds: pace.warm, least: pace.least });
      entered.push({ contestant, file, bytes, times: [] });
    } catch (error) {
      figures.set(contestant.name, error instanceof Absent ? { absent: error.message } : { failed: error.message });
    }
  }
  for (let round = 0; round < pace.rounds; round++)
    // Every contestant begins equally many rounds.
    for (let k = 0; k < entered.length; k++) {
      const each = entered[(round + k) % entered.length];
      if (each.failed !== undefined || isKnown(each.times)) continue;
      onStep(`round ${round + 1} of ${pace.rounds}: ${each.contestant.name}`);
      try {
        each.times.push(...(await each.contestant.ask("time", { seconds: pace.seconds })).times);
      } catch (error) {
        each.failed = error.message;
      }
    }
  for (const { contestant, file, bytes, times, failed } of entered)
    figures.set(
      contestant.name,
      failed === undefined
        ? { ...summary(times), bytes, ...(check && compared(file, entered[0].file, work)) }
        : { failed },
    );
  return figures;
}

/** Calls that take seconds are repeated less often. */
const isKnown = (times) => times.length >= 3 && Math.min(...times) > 1;

function compared(file, first, { kind }) {
  if (file === first) return { difference: 0, agrees: true };
  const off = difference(readNumbers(file), readNumbers(first));
  return { difference: off, agrees: off <= tolerances[kind] };
}
