// Timing on a graphics processor: calls only queue work there, so several calls are timed together until their work is done.
import { summary } from "../contest/clock.mjs";

/** Minimum, quartiles and median of the seconds of a call. */
export async function measure({ run, reset }, finish, { rounds, seconds, warm }) {
  const timed = async (count) => {
    const began = performance.now();
    for (let i = 0; i < count; i++) await run();
    await finish();
    return (performance.now() - began) / 1000;
  };
  for (let end = performance.now() + 1000 * warm, calls = 0; calls < 2 || performance.now() < end; calls++)
    await timed(1);
  // As many calls as fill a round.
  let count = 1;
  for (let took = await timed(1); took < seconds && count < 4096; took = await timed(count)) count *= 2;
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await reset?.();
    times.push((await timed(count)) / count);
  }
  return summary(times);
}
