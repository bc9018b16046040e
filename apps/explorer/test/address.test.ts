import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { parseAddress, printAddress } from "../src/address.ts";
import { cellValue, edits, initialState, parseState, printState, text } from "../src/fields.ts";
import type { Panel } from "../src/panel.ts";
import { panels as allPanels } from "../src/panels/panels.ts";
import { conv2dFields } from "../src/panels/conv2d/model.ts";
import { questions } from "../src/questions/questions.ts";
import { Store, type Place } from "../src/store.ts";

const states = fc.record({
  size: fc.integer({ min: 3, max: 9 }),
  stride: fc.integer({ min: 1, max: 4 }),
  padding: fc.integer({ min: 0, max: 3 }),
  direction: fc.constantFrom("forward", "backward"),
  one: fc.boolean(),
  edits: fc.dictionary(
    fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)).map((at) => `x${at.join(".")}`),
    fc.integer({ min: -9900, max: 9900 }).map((n) => n / 100 + 0),
    { maxKeys: 20 },
  ),
});

/** The part of a window that a store uses, at an address. */
function placeAt(hash: string): Place & { go(hash: string): void; url: string } {
  let listener = (): void => undefined;
  const place = {
    url: "",
    location: { hash, href: `https://pages.example//conv/?x=1${hash}` },
    history: { replaceState: (_data: unknown, _unused: string, url: string) => void (place.url = url) },
    addEventListener: (_event: "hashchange", added: () => void) => void (listener = added),
    go: (to: string) => {
      place.location.hash = to;
      listener();
    },
  };
  return place;
}

describe("an address", () => {
  it("contains all of a panel's state, with each edited cell", () =>
    fc.assert(
      fc.property(states, (changes) => {
        const state = { ...initialState(conv2dFields), ...changes } as never;
        const hash = printAddress({ panels: new Map([["conv2d", printState(conv2dFields, state)]]), only: [] });
        const { panels, problem } = parseAddress(hash);
        const parsed = parseState(conv2dFields, panels.get("conv2d") ?? new Map());
        expect(problem).toBeUndefined();
        expect(parsed).toEqual({ state, problems: [] });
      }),
    ));

  it("is empty for the initial state", () => {
    const printed = printState(conv2dFields, initialState(conv2dFields));
    expect(printAddress({ panels: new Map([["conv2d", printed]]), only: [] })).toBe("");
  });

  it.each(["size=1e9", "size=NaN", "size=", "direction=up", "one=yes", "edits=x0.0.0_999", "edits=y1_2", "nothing=1"])(
    "with %s says so and shows that field as at first",
    (text) => {
      const texts = new Map(new URLSearchParams(text));
      expect(parseState(conv2dFields, texts)).toEqual({ state: initialState(conv2dFields), problems: [text] });
    },
  );

  it("reads -0 as 0", () => expect(parseState(conv2dFields, new Map([["padding", "-0"]])).state.padding).toBe(0));

  it("of another version is not read", () => {
    const { panels, problem } = parseAddress("#v=99&conv2d.stride=3");
    expect(panels).toEqual(new Map());
    expect(problem).toContain("version 99");
  });

  it("never throws, for any text", () =>
    fc.assert(fc.property(fc.string(), (hash) => void expect(() => parseAddress(hash)).not.toThrow())));

  it("cannot change a prototype", () => {
    const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];
    const prototypes = [Object.prototype, Function.prototype, Array.prototype, Object];
    const keys = prototypes.map((each) => Object.getOwnPropertyNames(each));
    const name = fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(name, name, fc.string(), (id, field, value) => {
        const texts = new URLSearchParams({ v: "1" });
        texts.append(`${id}.${field}`, value);
        const store = new Store(allPanels, placeAt(`#${texts}`));
        expect(store.hash()).toBe("");
        expect(prototypes.map((each) => Object.getOwnPropertyNames(each))).toEqual(keys);
        expect(Object.name).toBe("Object");
      }),
    );
    const { panels } = parseAddress("#v=1&__proto__.x=y&constructor.name=x&conv2d.__proto__=z");
    expect(panels.get("__proto__")).toEqual(new Map([["x", "y"]]));
    expect(({} as { x?: unknown }).x).toBeUndefined();
    expect(parseState(conv2dFields, panels.get("conv2d")!).problems).toEqual(["__proto__=z"]);
  });

  it("of a net with a billion layers does not answer the questions about nets", () => {
    const about = questions.filter(({ panel }) => panel === "architectures");
    expect(about.length).toBeGreaterThan(0);
    for (const pattern of [
      "INPUT -> CONV*999999999 -> FC*999999999",
      `INPUT -> ${"[".repeat(190)}CONV${"]*9".repeat(190)}`,
    ]) {
      const store = new Store(allPanels, placeAt(`#v=1&${new URLSearchParams({ "architectures.pattern": pattern })}`));
      expect(store.state("architectures").value["pattern"]).toBe(pattern);
      for (const { isAnswered } of about) expect(isAnswered(store.state("architectures").value as never)).toBe(false);
    }
  });

  it("contains every character of a text, and refuses a text that is too long", () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (pattern) => {
        const fields = { pattern: text("INPUT -> FC", 40) };
        const hash = printAddress({ panels: new Map([["nets", printState(fields, { pattern })]]), only: [] });
        expect(parseState(fields, parseAddress(hash).panels.get("nets") ?? new Map()).state).toEqual({ pattern });
        expect(fields.pattern.parse(`${pattern}${"x".repeat(41 - pattern.length)}`)).toBeUndefined();
      }),
    ));

  it("contains no more edits than the layer has cells", () => {
    const many = Array.from({ length: 401 }, (_, i) => `c${i}_1`).join("*");
    expect(edits(() => true).parse(many)).toBeUndefined();
  });
});

describe("a cell", () => {
  it.each([
    ["3", 3],
    ["−1,256", -1.26],
    ["-0", 0],
    ["100", undefined],
    ["", undefined],
    ["a", undefined],
    ["Infinity", undefined],
  ])("reads %j as %s", (text, value) => expect(cellValue(text)).toBe(value));
});

describe("the store", () => {
  const panels: readonly Panel[] = [
    { id: "conv2d", chapter: 3, title: "", text: [], fields: conv2dFields, View: () => null as never },
  ];
  it("begins with the state of the address, follows it, and writes changes back", () => {
    vi.useFakeTimers();
    const place = placeAt("#v=1&conv2d.stride=1&only=conv2d,nothing");
    const store = new Store(panels, place);
    expect(store.state("conv2d").value["stride"]).toBe(1);
    expect(store.only.value).toEqual(["conv2d"]);
    place.go("#v=1&conv2d.stride=3");
    expect(store.state("conv2d").value["stride"]).toBe(3);
    store.set("conv2d", { padding: 0 });
    store.setFromText("conv2d", "window=5");
    vi.runAllTimers();
    expect(place.url).toBe("https://pages.example//conv/?x=1#v=1&conv2d.window=5&conv2d.stride=3&conv2d.padding=0");
    store.reset("conv2d");
    store.write();
    expect(place.url).toBe("https://pages.example//conv/?x=1");
    vi.useRealTimers();
  });

  it("lists the parts of the address that it cannot use", () => {
    expect(new Store(panels, placeAt("#v=1&conv2d.stride=77&other.x=1")).problem.value).toContain(
      "conv2d.stride=77, other",
    );
  });
});
