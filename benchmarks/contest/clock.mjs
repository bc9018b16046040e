// Timing inside of one process.

/** Calls shorter than this, in seconds, are timed in bunches. */
const SHORT = 0.0005;
const secondsOf = (milliseconds) => milliseconds / 1000;

/** Seconds that each call took, for about so many seconds, at least one call. What is promised is awaited. */
export async function timed(run, seconds) {
  const calls = async (count) => {
    const began = performance.now();
    for (let i = 0; i < count; i++) await run();
    return secondsOf(performance.now() - began) / count;
  };
  const end = performance.now() + 1000 * seconds;
  const first = await calls(1);
  const bunch = Math.max(1, Math.ceil(SHORT / first));
  // One call in a bunch of its own would count as much as a whole bunch.
  const times = bunch === 1 ? [first] : [await calls(bunch)];
  while (performance.now() + 500 * first < end) times.push(await calls(bunch));
  return times;
}

/** Calls it until it is as fast as it gets: engines compile what runs often a second time. */
export async function warm(run, { seconds, least = 12 }) {
  const end = performance.now() + 1000 * seconds;
  // What takes as long as this gains nothing by being called more often.
  const latest = performance.now() + 4000 * seconds;
  for (let call = 0; performance.now() < (call < least ? latest : end); call++) await run();
}

/** The number at a share of a sorted list. */
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

/** Best, quartiles and median of times. */
export function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return {
    best: sorted[0],
    lower: at(sorted, 0.25),
    median: at(sorted, 0.5),
    upper: at(sorted, 0.75),
    samples: sorted.length,
  };
}
