import type { JSX } from "preact";
import { optimizerNames } from "../../compute/learningNet.ts";
import { Choice } from "../../controls/Choice.tsx";
import { optimizerTitles, rates, type Settings } from "./model.ts";

/** Properties of {@link SettingsOf}. */
export interface SettingsProps {
  /** Name of the net, if there are two: "first net". */
  readonly of: string;
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
}

/** Optimizer and learning rate of a net, which can be changed during training. */
export function SettingsOf({ of, settings, onChange }: SettingsProps): JSX.Element {
  const { optimizer, rate } = settings;
  const suffix = of === "" ? "" : `, ${of}`;
  const index = rates.indexOf(rate as (typeof rates)[number]);
  return (
    <div class="controls">
      <Choice
        label={`Optimizer${suffix}`}
        options={optimizerNames}
        value={optimizer}
        onChange={(to) => onChange({ optimizer: to, rate })}
        nameOf={(name) =>
          optimizerTitles[name].replace("SGD with momentum 0.9", "Momentum").replace("plain SGD", "SGD")
        }
      />
      <label class="slider">
        <span>Learning rate{suffix}</span>
        <output>{rate}</output>
        <input
          type="range"
          min={0}
          max={rates.length - 1}
          value={index}
          aria-label={`Learning rate${suffix}`}
          aria-valuetext={String(rate)}
          onInput={(event) => onChange({ optimizer, rate: rates[event.currentTarget.valueAsNumber]! })}
        />
      </label>
    </div>
  );
}
