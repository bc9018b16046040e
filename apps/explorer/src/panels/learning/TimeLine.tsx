import { Button } from "../../controls/Button.tsx";
import type { Columns } from "./columns.ts";
import type { PartProps } from "./sessionLoop.ts";

interface TimeLineProps extends PartProps {
  readonly columns: Columns;
  /** The step that is shown, and in words. */
  readonly step: number;
  readonly describe: string;
}

/** The steps of the net, to be shown again and continued from. */
export function TimeLine({ set, session, columns: { step: latest, stride }, step, describe }: TimeLineProps) {
  const isLive = step === latest;
  // −1 follows the net.
  const go = (to: number): void => set({ at: to >= latest ? -1 : Math.max(0, to) });
  return (
    <div class="timeline" role="group" aria-label="Time line">
      <div class="player">
        <Button
          text="‹"
          aria-label="One step back in time"
          disabled={step <= 0}
          onClick={() => go((Math.ceil(step / stride) - 1) * stride)}
        />
        <input
          class="scrub"
          type="range"
          min={0}
          max={latest}
          step={stride}
          value={step}
          disabled={latest === 0}
          aria-label="Step that is shown"
          aria-valuetext={describe}
          onInput={(event) => {
            const to = event.currentTarget.valueAsNumber;
            // After the last multiple of the stride only the latest step is kept.
            go(to + stride > latest ? latest : to);
          }}
        />
        <Button
          text="›"
          aria-label="One step on in time"
          disabled={isLive || step >= latest}
          onClick={() => go((Math.floor(step / stride) + 1) * stride)}
        />
        <Button text="Latest" disabled={isLive} onClick={() => go(latest)} />
        <Button
          text="Discard later steps and continue from here"
          disabled={isLive}
          onClick={() => void session.goBack(step)}
        />
      </div>
      <p class="readout">{describe}</p>
    </div>
  );
}
