import type { StateOf } from "../fields.ts";
import type { architecturesFields } from "../panels/architectures/model.ts";
import type { conv2dFields } from "../panels/conv2d/model.ts";
import type { copiesFields } from "../panels/copies/model.ts";
import type { fitFields } from "../panels/fit/model.ts";
import type { floorFields } from "../panels/floor/model.ts";
import type { kernelsFields } from "../panels/kernels/model.ts";
import type { learningFields } from "../panels/learning/model.ts";
import type { poolingFields } from "../panels/pooling/model.ts";
import type { raceFields } from "../panels/race/model.ts";
import type { soundFields } from "../panels/sound/model.ts";
import type { surgeryFields } from "../panels/surgery/model.ts";
import type { whyFields } from "../panels/why/model.ts";
import type { xrayFields } from "../panels/xray/model.ts";

/** The states of the panels that questions are about, by panel. */
export interface PanelStates {
  readonly copies: StateOf<typeof copiesFields>;
  readonly kernels: StateOf<typeof kernelsFields>;
  readonly sound: StateOf<typeof soundFields>;
  readonly conv2d: StateOf<typeof conv2dFields>;
  readonly fit: StateOf<typeof fitFields>;
  readonly pooling: StateOf<typeof poolingFields>;
  readonly race: StateOf<typeof raceFields>;
  readonly surgery: StateOf<typeof surgeryFields>;
  readonly architectures: StateOf<typeof architecturesFields>;
  readonly learning: StateOf<typeof learningFields>;
  readonly xray: StateOf<typeof xrayFields>;
  readonly why: StateOf<typeof whyFields>;
  readonly floor: StateOf<typeof floorFields>;
}

/** A question that the reader answers by changing a panel. The page checks the panel's state. */
export interface Question<P extends keyof PanelStates = keyof PanelStates> {
  readonly chapter: number;
  /** The panel to change. */
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
