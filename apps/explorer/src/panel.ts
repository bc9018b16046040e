import type { JSX } from "preact";
import type { Piece } from "./article/Text.tsx";
import type { PanelProps } from "./controls/panelProps.tsx";

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
