import { optimizerNames } from "../../compute/learningNet.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Slider } from "../../controls/Slider.tsx";
import { optimizerTitles, rates, type Settings } from "./model.ts";

interface SettingsProps {
  /** Name of the net, if there are two: "first net". */
  readonly of: string;
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
}

/** Optimizer and learning rate of a net, which can be changed during training. */
export function SettingsOf({ of, settings, onChange }: SettingsProps) {
  const { optimizer, rate } = settings;
  const suffix = of === "" ? "" : `, ${of}`;
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
      <Slider
        label={`Learning rate${suffix}`}
        field={{ least: 0, most: rates.length - 1 }}
        value={rates.findIndex((each) => each === rate)}
        shown={String(rate)}
        onChange={(i) => onChange({ optimizer, rate: rates[i] ?? rate })}
      />
    </div>
  );
}
