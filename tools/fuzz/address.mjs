// Addresses of the explorer: any text after the `#` gives a state that the page can show, write and read again, and no name in an
// address reaches a prototype.
import { isDeepStrictEqual } from "node:util";
import { join, resolve } from "node:path";
import { createServer } from "vite";
import { cases, check } from "../fuzzing.mjs";

export const name = "address";
export const count = 12_000;

const app = join(resolve(import.meta.dirname, "../.."), "apps/explorer");
const prototypes = [Object, Function, Array, Map, String].flatMap((each) => [each, each.prototype]);
const keysOf = () => prototypes.map((each) => Reflect.ownKeys(each).map(String));

export async function run(options) {
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
    const before = keysOf();
    return await cases(options, (dice, isInput) => {
      const hash = addressOf(panels, dice);
      isInput(hash);
      tryAddress(hash, { Store, panels, questions });
      check(isDeepStrictEqual(keysOf(), before), "a prototype has changed");
    });
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

function tryAddress(hash, { Store, panels, questions }) {
  const store = new Store(panels, placeAt(hash));
  for (const { panel, text, isAnswered } of questions)
    check(typeof isAnswered(store.state(panel).value) === "boolean", `no answer to "${text}"`);
  const written = store.hash();
  const again = new Store(panels, placeAt(written));
  check(again.problem.value === undefined, `written as ${written}: ${again.problem.value}`);
  check(again.hash() === written, `written as ${written}, then as ${again.hash()}`);
  for (const { id } of panels)
    check(isDeepStrictEqual(again.state(id).value, store.state(id).value), `${id} is read differently`);
}

/** Names and values that often cause errors. */
const names = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "name", "length", ""];
const values = ["", "NaN", "-1", "1e9", "Infinity", "__proto__", "%", "%ff", "null", "a".repeat(2000), "0_adam_0.003"];
const signs = [..."#&=.%+*_-? \t\n\u0000\u202eé漢🙂", "\ud800"];

const signOf = (dice) => (dice.chance(0.5) ? dice.pick(signs) : String.fromCharCode(32 + dice.below(95)));
const textOf = (dice) => Array.from({ length: dice.below(13) }, () => signOf(dice)).join("");

/** A text with a few parts removed, doubled or changed. */
function damaged(text, dice) {
  let to = text;
  for (let times = dice.from(1, 4); times > 0; times--) {
    const [at, length] = [dice.below(to.length + 1), dice.below(4)];
    const piece = dice.pick(["", signOf(dice), to.slice(at, at + length).repeat(2)]);
    to = to.slice(0, at) + piece + to.slice(at + length);
  }
  return to;
}

/** An address of states of the panels, sometimes with unknown names and values, sometimes damaged. */
function addressOf(panels, dice) {
  const pieces = Array.from({ length: dice.below(8) }, () => pieceOf(panels, dice));
  const hash = `#${[dice.pick(["v=1", "v=1", "v=1", "v=2", "v=", ""]), ...pieces].join("&")}`;
  return dice.chance(0.25) ? damaged(hash, dice) : hash;
}

function pieceOf(panels, dice) {
  if (dice.chance(0.1)) return `only=${dice.pick([...panels.map(({ id }) => id), ...names])}`;
  const panel = dice.pick(panels);
  const fields = new Map(Object.entries(panel.fields));
  const id = dice.chance(0.8) ? panel.id : dice.pick(names);
  const name = dice.chance(0.8) ? dice.pick([...fields.keys()]) : dice.pick(names);
  return `${new URLSearchParams([[`${id}.${name}`, valueOf(fields.get(name), dice)]])}`;
}

function valueOf(field, dice) {
  const options = [
    () => dice.pick(values),
    () => String(dice.from(-20, 80)),
    () => textOf(dice),
    () => `x${dice.below(9)}.${dice.below(9)}_${dice.from(-100, 100)}`,
    () => `INPUT -> ${"[".repeat(dice.below(9))}CONV${"]*9".repeat(dice.below(9))} -> FC`,
    () => `${textOf(dice)}*${textOf(dice)}`,
    () => (field?.options === undefined ? textOf(dice) : dice.pick(field.options)),
    () => (field === undefined ? "" : damaged(field.print(field.initial), dice)),
  ];
  return dice.pick(options)();
}
