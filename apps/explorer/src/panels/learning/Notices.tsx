import { Notice } from "../../controls/Notice.tsx";
import { bestStep } from "./columns.ts";
import { gentler, lostSentence } from "./model.ts";
import type { Lost } from "./session.ts";
import type { PartProps } from "./sessionLoop.ts";

/** Problems, and differences from the address, each with a way to go on. */
export function Notices(props: PartProps) {
  const { session, state, set } = props;
  const { problem, lost, begun, nets, until } = session.shown.value;
  const isBehind = begun !== undefined && nets.first.step === 0 && state.trained > 0 && until === undefined;
  const restart = [
    { text: "Learn from synthetic shapes", onClick: () => set({ ...session.afresh(), data: "shapes" }) },
    { text: "Try again", onClick: () => session.reset() },
  ];
  return (
    <>
      <Notice text={problem} fixes={begun === undefined ? restart : []} />
      {lost !== undefined && <LostNotice {...props} lost={lost} />}
      {isBehind && (
        <Notice
          role="note"
          text={`This address describes a net after ${state.trained} steps. Addresses do not contain weights, but everything that they are computed from: the same steps give the same net, to the last bit, on any number of threads. The reference and graphics processors add in another order, so their nets are nearly the same.`}
          fixes={[
            {
              text: `Learn the same ${state.trained} steps again`,
              onClick: () => {
                const { at, trained } = state;
                session.run(trained);
                set({ at });
              },
            },
          ]}
        />
      )}
    </>
  );
}

/** The step that gave NaN or infinity, and how to go on. */
function LostNotice({ session, state, lost }: PartProps & { readonly lost: Lost }) {
  const { nets } = session.shown.value;
  const { net, row, optimizer } = lost;
  const best = bestStep(nets[net]);
  const settings = gentler(net === "first" ? state.changes : state.changes2, nets[net].step);
  return (
    <Notice
      text={lostSentence(row, optimizer)}
      fixes={[
        {
          text: `Back to step ${best}, where the loss was lowest, with a learning rate of ${settings.rate}`,
          onClick: () => void session.goBack(best).then(() => session.change(net, settings)),
        },
      ]}
    />
  );
}
