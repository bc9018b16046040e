// Measures all contestants on all workloads, one after the other, in a table. The results are also in `globalThis.results`.
import { table } from "../report/format.mjs";
import { Absent } from "./absent.mjs";
import { browserWorks, withValues } from "./browserWorks.mjs";
import { measure } from "./clock.mjs";
import { contestants } from "./contestants.mjs";
import { difference, tolerances } from "../contest/difference.mjs";
import { rowOf } from "./rowOf.mjs";

const paces = {
  full: { rounds: 7, seconds: 0.15, warm: 0.5 },
  quick: { rounds: 2, seconds: 0.01, warm: 0.01 },
};
const asked = new URLSearchParams(location.search);
const element = (id) => document.getElementById(id);
element("only").value = asked.get("only") ?? "";
element("quick").checked = asked.has("quick");

/** Times of a contestant for a workload, or why there are none. */
async function contest({ enter, prepare, finish }, work, pace, wanted) {
  let prepared;
  try {
    await enter();
    prepared = await prepare(work);
    const result = await prepared.result();
    const figure = { ...(await measure(prepared, finish, pace)), result };
    if (wanted === undefined) return figure;
    const apart = difference(result, wanted);
    return { ...figure, difference: apart, agrees: apart <= (tolerances[work.kind] ?? 1e-4) };
  } catch (error) {
    return error instanceof Absent ? { absent: error.message } : { failed: `${error?.stack ?? error}` };
  } finally {
    await prepared?.release?.();
  }
}

async function measureAll() {
  const pace = element("quick").checked ? paces.quick : paces.full;
  const fits = new RegExp(element("only").value);
  const results = { agent: navigator.userAgent, cores: navigator.hardwareConcurrency, contestants: {}, works: [] };
  globalThis.results = results;
  const present = [];
  for (const [id, make] of Object.entries(contestants)) {
    if (asked.has("own") && id.startsWith("tfjs")) continue;
    try {
      const contestant = await make();
      results.contestants[id] = contestant.about;
      present.push([id, contestant]);
    } catch (error) {
      results.contestants[id] = `absent: ${error.message}`;
    }
    show(results);
  }
  for (const work of browserWorks().filter(({ name }) => fits.test(name))) {
    const { name, title, flop, images, kind } = work;
    const row = { name, title, flop, images, kind, figures: {} };
    results.works.push(row);
    const full = withValues(work);
    let wanted;
    for (const [id, contestant] of present) {
      const { result, ...figure } = await contest(contestant, full, pace, wanted);
      wanted ??= result;
      row.figures[id] = figure;
      show(results);
    }
  }
  results.isDone = true;
}

function show({ agent, cores, contestants, works }) {
  const who = Object.entries(contestants).map(([id, about]) => `${id.padEnd(12)} ${about}`);
  const ids = Object.keys(contestants);
  element("results").textContent = [
    `${agent}, ${cores} threads`,
    ...who,
    "",
    "milliseconds for a call; in brackets how many times as fast as cpu",
    "",
    table(
      ["", ...ids, ""],
      works.map((work) => rowOf(work, ids)),
    ),
  ].join("\n");
}

element("measure").addEventListener("click", () => {
  element("measure").disabled = true;
  void measureAll().finally(() => (element("measure").disabled = false));
});
element("copy").addEventListener("click", () => void navigator.clipboard.writeText(element("results").textContent));
if (asked.has("go")) element("measure").click();
