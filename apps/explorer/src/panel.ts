import type { JSX } from "preact";
import type { ReadonlySignal } from "@preact/signals";
import type { Piece } from "./article/Text.tsx";
import type { StateOf } from "./fields.ts";

/** Properties of a view: the state of its panel, and a function that changes it. */
export interface PanelProps<F> {
  readonly state: ReadonlySignal<StateOf<F>>;
  readonly set: (change: Partial<StateOf<F>>) => void;
}

/** An interactive figure of the page. Its state is plain data that fits into an address. */
export interface Panel<F extends object = object> {
  /** Its name in addresses. */
  readonly id: string;
  readonly chapter: number;
  readonly title: string;
  /** Text from Markdown. A link to `set:stride=3` becomes a button that sets the panel's state. */
  readonly text: readonly Piece[];
  readonly fields: F;
  readonly View: (props: PanelProps<F>) => JSX.Element;
}

/** A panel without the type of its fields. */
export const panel = <F extends object>(definition: Panel<F>): Panel => definition as unknown as Panel;
