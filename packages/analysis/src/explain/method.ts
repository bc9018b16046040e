import type { OptionChecks } from "@convlens/backend";
import type { Attribution } from "./attribution.ts";
import type { Question } from "./question.ts";

/** An explanation method: all that {@link explain}, command line and documents need to know about it. */
export interface ExplanationMethod<Options extends object = object> {
  readonly title: string;
  /** What a map of this method shows, in one sentence. */
  readonly summary: string;
  /** Who published it, and when. */
  readonly source: string;
  /**
   * How {@link heatmap} joins the channels of a pixel. Contributions to the score add up (`"sum"`); gradients do not, so the
   * largest by magnitude counts (`"largest"`).
   */
  readonly channels: "sum" | "largest";
  /** Checks of its own options. */
  readonly options: OptionChecks<Options>;
  /** Computes the attributions. */
  readonly run: (question: Question, options: Options) => Promise<Attribution>;
}
