import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { parseAddress, printAddress } from "../src/address.ts";
import { cellValue, edits, initialState, parseState, printState, text } from "../src/fields.ts";
import { panel, type Panel } from "../src/panel.ts";
import { conv2dFields } from "../src/panels/conv2d/model.ts";
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

describe("an address", () => {
  it("holds a panel's state to the last edited cell", () =>
    fc.assert(
      fc.property(states, (changes) => {
        const state = { ...initialState(conv2dFields), ...changes } as never;
        const hash = printAddress({ panels: { conv2d: printState(conv2dFields, state) }, only: [] });
        const { panels, problem } = parseAddress(hash);
        const parsed = parseState(conv2dFields, panels["conv2d"] ?? {});
        expect(problem).toBeUndefined();
        expect(parsed).toEqual({ state, problems: [] });
      }),
    ));

  it("is empty for what is shown at first", () => {
    const printed = printState(conv2dFields, initialState(conv2dFields));
    expect(printAddress({ panels: { conv2d: printed }, only: [] })).toBe("");
  });

  it.each(["size=1e9", "size=NaN", "size=", "direction=up", "one=yes", "edits=x0.0.0_999", "edits=y1_2", "nothing=1"])(
    "with %s says so and shows that field as at first",
    (text) => {
      const texts = Object.fromEntries(new URLSearchParams(text));
      expect(parseState(conv2dFields, texts)).toEqual({ state: initialState(conv2dFields), problems: [text] });
    },
  );

  it("of another version is not read", () => {
    const { panels, problem } = parseAddress("#v=99&conv2d.stride=3");
    expect(panels).toEqual({});
    expect(problem).toContain("version 99");
  });

  it("never fails, whatever it is", () =>
    fc.assert(fc.property(fc.string(), (hash) => void expect(() => parseAddress(hash)).not.toThrow())));

  it("holds a text of the reader's with all its signs, but none that is too long", () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (pattern) => {
        const fields = { pattern: text("INPUT -> FC", 40) };
        const hash = printAddress({ panels: { nets: printState(fields, { pattern }) }, only: [] });
        expect(parseState(fields, parseAddress(hash).panels["nets"] ?? {}).state).toEqual({ pattern });
        expect(fields.pattern.parse(`${pattern}${"x".repeat(41 - pattern.length)}`)).toBeUndefined();
      }),
    ));

  it("does not hold more edits than a net has cells", () => {
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
    panel({ id: "conv2d", chapter: 3, title: "", text: [], fields: conv2dFields, View: () => null as never }),
  ];
  function placeAt(hash: string): Place & { go(hash: string): void; url: string } {
    let listener = (): void => undefined;
    const place = {
      url: "",
      location: { hash, pathname: "/", search: "" },
      history: { replaceState: (_data: unknown, _unused: string, url: string) => void (place.url = url) },
      addEventListener: (_event: "hashchange", added: () => void) => void (listener = added),
      go: (to: string) => {
        place.location.hash = to;
        listener();
      },
    };
    return place;
  }

  it("begins with what the address says, follows it, and writes changes back", () => {
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
    expect(place.url).toBe("/#v=1&conv2d.window=5&conv2d.stride=3&conv2d.padding=0");
    store.reset("conv2d");
    store.write();
    expect(place.url).toBe("/");
    vi.useRealTimers();
  });

  it("names what it cannot use", () => {
    expect(new Store(panels, placeAt("#v=1&conv2d.stride=77&other.x=1")).problem.value).toContain(
      "conv2d.stride=77, other",
    );
  });
});
