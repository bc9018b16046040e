import type { JSX } from "preact";

/** What a {@link TimeLine} shows. */
export interface TimeLineProps {
  /** Steps done, those that are kept, and the one that is shown. */
  readonly latest: number;
  readonly stride: number;
  readonly step: number;
  readonly isLive: boolean;
  /** What there was at the step, in words. */
  readonly describe: string;
  /** −1 follows the net again. */
  readonly onStep: (step: number) => void;
  readonly onGoOn: () => void;
}

/** Every step that the net has been through, to be looked at again; and to go on from. */
export function TimeLine({ latest, stride, step, isLive, describe, onStep, onGoOn }: TimeLineProps): JSX.Element {
  const go = (to: number): void => onStep(to >= latest ? -1 : Math.max(0, to));
  return (
    <div class="timeline" role="group" aria-label="Time line">
      <div class="player">
        <button
          type="button"
          aria-label="One step back in time"
          disabled={step <= 0}
          onClick={() => go((Math.ceil(step / stride) - 1) * stride)}
        >
          ‹
        </button>
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
            // Of the last steps only the very last is kept.
            go(to + stride > latest ? latest : to);
          }}
        />
        <button
          type="button"
          aria-label="One step on in time"
          disabled={isLive || step >= latest}
          onClick={() => go((Math.floor(step / stride) + 1) * stride)}
        >
          ›
        </button>
        <button type="button" disabled={isLive} onClick={() => onStep(-1)}>
          Latest
        </button>
        <button type="button" disabled={isLive} onClick={onGoOn}>
          Forget what follows, go on from here
        </button>
      </div>
      <p class="readout">{describe}</p>
    </div>
  );
}
