// Progress: on one line of a terminal; elsewhere, a line for each workload.
const isTerminal = process.stderr.isTTY;
let last;

/** Replaces the text that is shown; without an argument, clears it. */
export function progress(work = "", step = "") {
  if (isTerminal) {
    const text = step === "" ? work : `${work}: ${step}`;
    process.stderr.write(`\r\u001b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  } else if (work !== last && work !== "") console.error(`${new Date().toISOString().slice(11, 19)} ${work}`);
  last = work;
}
