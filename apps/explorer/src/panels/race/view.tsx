import type { JSX } from "preact";
import { Code } from "../../controls/Code.tsx";
import { Player } from "../../controls/Player.tsx";
import { Slider } from "../../controls/Slider.tsx";
import type { PanelProps } from "../../panel.ts";
import { Chart } from "./Chart.tsx";
import {
  codeOf,
  connectionNames,
  connections,
  inWords,
  outputsOf,
  parametersOf,
  raceFields,
  seenByOne,
  sides,
  stepOf,
} from "./model.ts";

/** How many numbers three layers learn that make the same volume of the same input. */
export function RaceView({ state: signal, set }: PanelProps<typeof raceFields>): JSX.Element {
  const state = signal.value;
  const slider = (label: string, name: keyof typeof raceFields): JSX.Element => (
    <Slider label={label} field={raceFields[name]} value={state[name]} onChange={(value) => set({ [name]: value })} />
  );
  const most = parametersOf(state, "full");
  const { side, channels, filters } = state;
  return (
    <>
      <div class="controls">
        {slider("Side of the image", "side")}
        {slider("Channels", "channels")}
        {slider("Window", "window")}
        {slider("Filters", "filters")}
      </div>
      <Player
        label="Let the input grow"
        steps={sides.length}
        step={stepOf(state)}
        onStep={(step) => set({ side: sides[step]! })}
        describe={(step) => `${sides[step]} × ${sides[step]}`}
      />
      <div class="race">
        <div>
          <p class="caption">
            Parameters from {side} × {side} × {channels} to {side} × {side} × {filters}
          </p>
          <dl class="runners">
            {connections.map((connection) => {
              const count = parametersOf(state, connection);
              return (
                <div key={connection} class={connection}>
                  <dt>{connectionNames[connection]}</dt>
                  <dd>
                    <span class="bar-of" style={{ "--share": (count / most).toFixed(4) }} />
                    <strong data-parameters={count}>{inWords(count)}</strong>
                    <span class="times">
                      {connection === "convolution"
                        ? "at any size"
                        : `${inWords(Math.round(count / parametersOf(state, "convolution")))} times the convolution`}
                    </span>
                  </dd>
                </div>
              );
            })}
          </dl>
        </div>
        <Chart state={state} />
      </div>
      <p class="readout" role="status">
        One fully connected neuron sees {side} · {side} · {channels} = {seenByOne(state).toLocaleString("en")} numbers,
        and has as many weights; {outputsOf(state).toLocaleString("en")} outputs need as many such neurons.
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}
