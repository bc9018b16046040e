// What is being done now: on one line of a terminal, or elsewhere a line for each work.
const isTerminal = process.stderr.isTTY;
let last;

/** Shows the step of a work in place of what was shown before; without any, nothing. */
export function progress(work = "", step = "") {
  if (isTerminal) {
    const text = step === "" ? work : `${work}: ${step}`;
    process.stderr.write(`\r\u001b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  } else if (work !== last && work !== "") console.error(`${new Date().toISOString().slice(11, 19)} ${work}`);
  last = work;
}
