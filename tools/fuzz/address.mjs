// Addresses of the explorer: whatever stands behind the `#`, the page has a state that it can show, write and read again, and
// no name in an address reaches a prototype.
import { isDeepStrictEqual } from "node:util";
import { join, resolve } from "node:path";
import { createServer } from "vite";
import { generator } from "./generator.mjs";

export const name = "address";

const app = join(resolve(import.meta.dirname, "../.."), "apps/explorer");
const prototypes = [Object, Function, Array, Map, String].flatMap((each) => [each, each.prototype]);
const keysOf = () => prototypes.map((each) => Reflect.ownKeys(each).map(String));

/**
 * Tries addresses until time is up.
 *
 * @param options.seed - Decides all addresses.
 * @param options.until - Whether time is up.
 * @returns Number of addresses tried.
 * @throws `Error` with the seed and the address that fails.
 */
export async function run({ seed, until }) {
  const vite = await createServer({
    configFile: join(app, "vite.config.ts"),
    root: app,
    logLevel: "error",
    appType: "custom",
    server: { middlewareMode: true, hmr: false, ws: false },
    ssr: { resolve: { conditions: ["@convlens/source"] } },
  });
  try {
    const { Store } = await vite.ssrLoadModule("/src/store.ts");
    const { panels } = await vite.ssrLoadModule("/src/panels/panels.ts");
    const { questions } = await vite.ssrLoadModule("/src/questions/questions.ts");
    const addresses = new Addresses(seed, panels);
    const before = keysOf();
    let tried = 0;
    do {
      const hash = addresses.next();
      try {
        check(hash, { Store, panels, questions });
        if (!isDeepStrictEqual(keysOf(), before)) throw new Error("a prototype has changed");
      } catch (cause) {
        throw new Error(`seed ${seed}, case ${tried}: the address ${JSON.stringify(hash)} fails: ${cause.stack}`, {
          cause,
        });
      }
      tried++;
      // Lets the clock and signals in.
      if (tried % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    } while (!until());
    return tried;
  } finally {
    await vite.close();
  }
}

/** The part of a window that a store uses. */
const placeAt = (hash) => ({
  location: { hash, href: `https://pages.example/${hash}` },
  history: { replaceState: () => undefined },
  addEventListener: () => undefined,
});

function check(hash, { Store, panels, questions }) {
  const store = new Store(panels, placeAt(hash));
  for (const { panel, text, isAnswered } of questions)
    if (typeof isAnswered(store.state(panel).value) !== "boolean") throw new Error(`no answer to "${text}"`);
  const written = store.hash();
  const again = new Store(panels, placeAt(written));
  if (again.problem.value !== undefined) throw new Error(`written as ${written}: ${again.problem.value}`);
  if (again.hash() !== written) throw new Error(`written as ${written}, then as ${again.hash()}`);
  for (const { id } of panels)
    if (!isDeepStrictEqual(again.state(id).value, store.state(id).value)) throw new Error(`${id} is read differently`);
}

/** Names and values that have been trouble elsewhere. */
const names = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "name", "length", ""];
const values = ["", "NaN", "-1", "1e9", "Infinity", "__proto__", "%", "%ff", "null", "a".repeat(2000), "0_adam_0.003"];

/** Random addresses: states of the panels, damaged, with names and values that no panel has. */
class Addresses {
  #panels;
  #random;

  constructor(seed, panels) {
    this.#random = generator(seed);
    this.#panels = panels;
  }

  next() {
    const random = this.#random;
    const pieces = Array.from({ length: random.below(8) }, () => this.#piece());
    const version = random.pick(["v=1", "v=1", "v=1", "v=2", "v=", ""]);
    const hash = `#${[version, ...pieces].join("&")}`;
    return random.below(4) > 0 ? hash : random.damage(hash);
  }

  #piece() {
    const random = this.#random;
    if (random.below(8) === 0) return `only=${random.pick([...this.#panels.map(({ id }) => id), ...names])}`;
    const panel = random.pick(this.#panels);
    const id = random.below(4) > 0 ? panel.id : random.pick(names);
    const field = random.below(4) > 0 ? random.pick(Object.keys(panel.fields)) : random.pick(names);
    return `${new URLSearchParams([[`${id}.${field}`, this.#value(new Map(Object.entries(panel.fields)).get(field))]])}`;
  }

  #value(field) {
    const random = this.#random;
    const options = [
      () => random.pick(values),
      () => String(random.below(100) - 20),
      () => random.text(),
      () => `x${random.below(9)}.${random.below(9)}_${random.below(200) - 100}`,
      () => `INPUT -> ${"[".repeat(random.below(9))}CONV${"]*9".repeat(random.below(9))} -> FC`,
      () => `${random.text()}*${random.text()}`,
      () => (field?.options === undefined ? random.text() : random.pick(field.options)),
      () => (field === undefined ? "" : random.damage(field.print(field.initial))),
    ];
    return random.pick(options)();
  }
}
