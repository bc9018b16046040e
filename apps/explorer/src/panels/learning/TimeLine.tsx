import { Button } from "../../controls/Button.tsx";

interface TimeLineProps {
  /** Steps done, distance of the steps that are kept, and the step that is shown. */
  readonly latest: number;
  readonly stride: number;
  readonly step: number;
  readonly isLive: boolean;
  /** The step in words. */
  readonly describe: string;
  /** Shows a step; −1 follows the net. */
  readonly onStep: (step: number) => void;
  readonly onGoOn: () => void;
}

/** The steps of the net, to be shown again and continued from. */
export function TimeLine({ latest, stride, step, isLive, describe, onStep, onGoOn }: TimeLineProps) {
  const go = (to: number): void => onStep(to >= latest ? -1 : Math.max(0, to));
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
        <Button text="Latest" disabled={isLive} onClick={() => onStep(-1)} />
        <Button text="Discard later steps and continue from here" disabled={isLive} onClick={onGoOn} />
      </div>
      <p class="readout">{describe}</p>
    </div>
  );
}
