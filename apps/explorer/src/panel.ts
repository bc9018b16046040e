import type { JSX } from "preact";
import type { ReadonlySignal } from "@preact/signals";
import type { Piece } from "./article/Text.tsx";
import type { StateOf } from "./fields.ts";

/** What a view gets: its panel's state, and how to change it. */
export interface PanelProps<F> {
  readonly state: ReadonlySignal<StateOf<F>>;
  readonly set: (change: Partial<StateOf<F>>) => void;
}

/** One figure of the page that can be played with. Its state is plain data that fits into an address. */
export interface Panel<F extends object = object> {
  /** Names it in addresses. */
  readonly id: string;
  readonly chapter: number;
  readonly title: string;
  /** From Markdown. A link to `set:stride=3` is a button that sets the panel's state. */
  readonly text: readonly Piece[];
  readonly fields: F;
  readonly View: (props: PanelProps<F>) => JSX.Element;
}

/** A panel among others. */
export const panel = <F extends object>(definition: Panel<F>): Panel => definition as unknown as Panel;
