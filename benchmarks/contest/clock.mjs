// Timing within a process.

/** Seconds below which calls are timed in batches. */
const SHORT = 0.0005;
const secondsOf = (milliseconds) => milliseconds / 1000;

/** Times calls for about `seconds`, at least one call. Returns the seconds of each; awaits promises. */
export async function timed(run, seconds) {
  const calls = async (count) => {
    const began = performance.now();
    for (let i = 0; i < count; i++) await run();
    return secondsOf(performance.now() - began) / count;
  };
  const end = performance.now() + 1000 * seconds;
  const first = await calls(1);
  const bunch = Math.max(1, Math.ceil(SHORT / first));
  // A batch of one call would count as much as a whole batch.
  const times = bunch === 1 ? [first] : [await calls(bunch)];
  while (performance.now() + 500 * first < end) times.push(await calls(bunch));
  return times;
}

/** Calls a function until it stops getting faster: engines compile functions that run often a second time. */
export async function warm(run, { seconds, least = 12 }) {
  const end = performance.now() + 1000 * seconds;
  // Long calls do not get faster by repetition.
  const latest = performance.now() + 4000 * seconds;
  for (let call = 0; performance.now() < (call < least ? latest : end); call++) await run();
}

/** Quantile of a sorted list. */
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

/** Minimum, quartiles and median of times. */
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
