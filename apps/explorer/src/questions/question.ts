import type { PanelStates } from "../panels/panels.ts";

/** A question that the reader answers by changing a panel. The page checks the panel's state. */
export interface Question<P extends keyof PanelStates = keyof PanelStates> {
  /** The panel to change, in whose chapter the question stands. */
  readonly panel: P;
  readonly text: string;
  /** Whether a state answers it. The initial state must not. */
  readonly isAnswered: (state: PanelStates[P]) => boolean;
  /** A state that answers it, as in a link of a text: `stride=2&padding=0`. */
  readonly answer: string;
  /** The explanation of the answer. */
  readonly because: string;
}

/** A question without the type of its panel. */
export const question = <P extends keyof PanelStates>(asked: Question<P>): Question => asked as unknown as Question;
