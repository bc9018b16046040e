import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { parseAddress, printAddress } from "./address.ts";
import { initialState, parseState, printState } from "./fields.ts";
import type { Panel } from "./panel.ts";

type State = Readonly<Record<string, unknown>>;

/** The part of a window that a store reads from and writes to. */
export interface Place {
  readonly location: { readonly hash: string; readonly href: string };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
  addEventListener(event: "hashchange", listener: () => void): void;
}

/** Milliseconds between two changes of the address, whose number browsers limit. */
const PAUSE = 300;

/** The state of all panels. The address contains it, so a reload or a shared link shows the same. */
export class Store {
  /** A sentence about the part of the address that is not valid. */
  readonly problem: Signal<string | undefined> = signal(undefined);
  /** The panels that the address asks for; empty for all. */
  readonly only: Signal<readonly string[]> = signal([]);
  readonly #panels: readonly Panel[];
  readonly #states: ReadonlyMap<string, Signal<State>>;
  readonly #place: Place;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(panels: readonly Panel[], place: Place) {
    this.#panels = panels;
    this.#place = place;
    this.#states = new Map(panels.map(({ id, fields }) => [id, signal(initialState(fields) as State)]));
    this.#read();
    place.addEventListener("hashchange", () => this.#read());
  }

  /** The state of one panel. */
  state(id: string): ReadonlySignal<State> {
    return this.#signal(id);
  }

  /** Changes a panel's state. */
  set(id: string, change: State): void {
    const own = this.#signal(id);
    own.value = { ...own.value, ...change };
    this.#timer ??= setTimeout(() => this.write(), PAUSE);
  }

  /** Changes a panel's state as a link of a text says: `stride=3&padding=0`. */
  setFromText(id: string, text: string): void {
    const texts = new Map(new URLSearchParams(text));
    const { state } = parseState(this.#fields(id), texts) as { readonly state: State };
    this.set(id, Object.fromEntries(Object.entries(state).filter(([name]) => texts.has(name))));
  }

  /** Resets a panel to its initial state. */
  reset(id: string): void {
    this.set(id, initialState(this.#fields(id)) as State);
  }

  /** Writes the address at once. */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { location, history } = this.#place;
    // The whole address, because a path that begins with `//` would name another host.
    history.replaceState(null, "", `${location.href.replace(/#.*$/s, "")}${this.hash()}`);
  }

  /** The state of all panels as the part of an address behind the `#`. */
  hash(): string {
    const panels = new Map(
      this.#panels.map(({ id, fields }) => [id, printState(fields, this.#signal(id).value)] as const),
    );
    return printAddress({ panels, only: this.only.value });
  }

  #fields(id: string): object {
    return this.#panels.find((panel) => panel.id === id)!.fields;
  }

  #signal(id: string): Signal<State> {
    const found = this.#states.get(id);
    if (found === undefined) throw new Error(`There is no panel ${id}.`);
    return found;
  }

  #read(): void {
    const address = parseAddress(this.#place.location.hash);
    const unknown: string[] = [];
    for (const { id, fields } of this.#panels) {
      const { state, problems } = parseState(fields, address.panels.get(id) ?? new Map());
      unknown.push(...problems.map((problem) => `${id}.${problem}`));
      this.#signal(id).value = state as State;
    }
    const known = new Set(this.#panels.map(({ id }) => id));
    this.only.value = address.only.filter((id) => known.has(id));
    unknown.push(...[...address.panels.keys()].filter((id) => !known.has(id)));
    this.problem.value =
      address.problem ??
      (unknown.length === 0
        ? undefined
        : `Part of this address is not valid and was ignored: ${unknown.join(", ").slice(0, 200)}.`);
  }
}
