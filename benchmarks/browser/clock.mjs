// Timing of what runs on a graphics processor: calls only queue work there, so some calls are timed together with the end of all of
// their work.
import { summary } from "../contest/clock.mjs";

/** Best, quartiles and median of the seconds that a call takes. */
export async function measure({ run, reset }, finish, { rounds, seconds, warm }) {
  const timed = async (count) => {
    const began = performance.now();
    for (let i = 0; i < count; i++) await run();
    await finish();
    return (performance.now() - began) / 1000;
  };
  for (let end = performance.now() + 1000 * warm, calls = 0; calls < 2 || performance.now() < end; calls++)
    await timed(1);
  // As many calls as take the time that a round has.
  let count = 1;
  for (let took = await timed(1); took < seconds && count < 4096; took = await timed(count)) count *= 2;
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await reset?.();
    times.push((await timed(count)) / count);
  }
  return summary(times);
}
