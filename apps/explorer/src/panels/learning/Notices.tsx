import type { JSX } from "preact";
import type { PanelProps } from "../../panel.ts";
import { bestStep } from "./columns.ts";
import { gentler, lostSentence, type learningFields, type LearningState } from "./model.ts";
import type { LearningSession } from "./session.ts";

/** What went wrong, or is not as the address says, each with a way to go on. */
export function Notices(props: {
  readonly session: LearningSession;
  readonly state: LearningState;
  readonly set: PanelProps<typeof learningFields>["set"];
}): JSX.Element {
  const { session, state, set } = props;
  const problem = session.problem.value;
  const lost = session.lost.value;
  const begun = session.begun.value;
  const { step } = session.nets.first;
  const isBehind = begun !== undefined && step === 0 && state.trained > 0 && !session.running.value;
  return (
    <>
      {problem !== undefined && (
        <div class="notice" role="alert">
          <p>{problem}</p>
          {begun === undefined && (
            <div class="fixes">
              <button type="button" onClick={() => set({ ...session.afresh(), data: "shapes" })}>
                Learn from synthetic shapes
              </button>
              <button type="button" onClick={() => session.reset()}>
                Try again
              </button>
            </div>
          )}
        </div>
      )}
      {lost !== undefined && <LostNotice session={session} state={state} />}
      {isBehind && (
        <div class="notice" role="note">
          <p>
            This address is of a net after {state.trained} steps. Weights do not stand in addresses, but what they are
            made from does: the same steps give the same net, to the last bit, on any number of threads. The reference
            and graphics processors add in another order, so that their nets are nearly the same.
          </p>
          <div class="fixes">
            <button
              type="button"
              onClick={() => {
                const { at, trained } = state;
                session.run(trained);
                set({ at });
              }}
            >
              Learn the same {state.trained} steps again
            </button>
          </div>
        </div>
      )}
    </>
  );
}

/** Numbers stopped being numbers: what happened, and how to go on. */
function LostNotice({
  session,
  state,
}: {
  readonly session: LearningSession;
  readonly state: LearningState;
}): JSX.Element {
  const { net, row, optimizer } = session.lost.value!;
  const columns = session.nets[net];
  const best = bestStep(columns);
  const settings = gentler(net === "first" ? state.changes : state.changes2, columns.step);
  return (
    <div class="notice" role="alert">
      <p>{lostSentence(row, optimizer)}</p>
      <div class="fixes">
        <button
          type="button"
          onClick={() =>
            void session.goBack(best).then(() => {
              session.change(net, settings);
            })
          }
        >
          Back to step {best}, where the loss was lowest, with a learning rate of {settings.rate}
        </button>
      </div>
    </div>
  );
}
