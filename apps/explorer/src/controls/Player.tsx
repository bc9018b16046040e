import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clamp } from "../numbers.ts";
import { Button } from "./Button.tsx";

interface PlayerProps {
  readonly label: string;
  readonly steps: number;
  /** The nearest step is shown where there are fewer. */
  readonly step: number;
  readonly onStep: (step: number) => void;
  /** A step in words. */
  readonly describe: (step: number) => string;
}

const SPEEDS = [0.5, 1, 2, 4, 8];

/** Plays steps in a loop, or goes to one by buttons or a slider, which stop playing. */
export function Player({ label, steps, onStep, describe, ...props }: PlayerProps) {
  const step = clamp(props.step, 0, Math.max(0, steps - 1));
  const playing = useSignal(false);
  const speed = useSignal(2);
  const latest = useRef({ steps, step, onStep });
  useEffect(() => {
    latest.current = { steps, step, onStep };
  });
  useSignalEffect(() => {
    if (!playing.value) return;
    const timer = setInterval(() => {
      const { steps, step, onStep } = latest.current;
      onStep((step + 1) % Math.max(1, steps));
    }, 1000 / speed.value);
    return () => clearInterval(timer);
  });
  const go = (to: number): void => {
    playing.value = false;
    onStep(clamp(to, 0, steps - 1));
  };
  return (
    <div class="player" role="group" aria-label={label}>
      <Button
        text={playing.value ? "Pause" : "Play"}
        class="play primary"
        disabled={steps === 0}
        onClick={() => (playing.value = !playing.value)}
      />
      <Button text="‹" aria-label="One step back" disabled={step <= 0} onClick={() => go(step - 1)} />
      <Button text="›" aria-label="One step on" disabled={step >= steps - 1} onClick={() => go(step + 1)} />
      <input
        class="scrub"
        type="range"
        min={0}
        max={Math.max(0, steps - 1)}
        value={step}
        disabled={steps === 0}
        aria-label={`${label}: step`}
        aria-valuetext={describe(step)}
        onInput={(event) => go(event.currentTarget.valueAsNumber)}
      />
      <span>
        {steps === 0 ? 0 : step + 1} of {steps}
      </span>
      <label>
        <span class="hidden">Steps a second</span>
        <select value={speed.value} onChange={(event) => (speed.value = Number(event.currentTarget.value))}>
          {SPEEDS.map((each) => (
            <option key={each} value={each}>
              {each === 0.5 ? "½" : each} a second
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
