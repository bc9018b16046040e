import { drawLineChart } from "@convlens/analysis/render";
import { Code } from "../../controls/Code.tsx";
import { Player } from "../../controls/Player.tsx";
import { Drawing } from "../../draw/Drawing.tsx";
import { grouped } from "../../draw/shown.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
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
  type RaceState,
} from "./model.ts";

/** The parameters of three layers that compute a volume of the same size from the same input. */
export function RaceView(props: PanelProps<typeof raceFields>) {
  const { state, slider } = props;
  const { side, channels, filters } = state;
  return (
    <>
      <div class="controls">
        {slider("side", "Side of the image")}
        {slider("channels", "Channels")}
        {slider("window", "Window")}
        {slider("filters", "Filters")}
      </div>
      <Player
        label="Let the input grow"
        steps={sides.length}
        step={stepOf(state)}
        onStep={(step) => props.set({ side: sides[step]! })}
        describe={(step) => `${sides[step]} × ${sides[step]}`}
      />
      <div class="race">
        <div>
          <p class="caption">
            Parameters from {side} × {side} × {channels} to {side} × {side} × {filters}
          </p>
          <Runners state={state} />
        </div>
        <Chart state={state} />
      </div>
      <p class="readout" role="status">
        One fully connected neuron reads {side} · {side} · {channels} = {grouped(seenByOne(state))} numbers and has as
        many weights. {grouped(outputsOf(state))} outputs need as many neurons.
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** The counts as bars. */
function Runners({ state }: { readonly state: RaceState }) {
  const most = parametersOf(state, "full");
  const least = parametersOf(state, "convolution");
  return (
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
                  : `${inWords(Math.round(count / least))} times the convolution`}
              </span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** Sizes whose counts the description of the chart lists. */
const told = [4, 32, 256];

/** Parameters over the side of the image, on logarithmic scales. */
function Chart({ state }: { readonly state: RaceState }) {
  const series = connections.map((connection) => ({
    name: connectionNames[connection],
    points: sides.map((side) => [side, parametersOf({ ...state, side }, connection)] as const),
  }));
  const title = connections
    .map((connection) => {
      const counts = told.map((side) => `${inWords(parametersOf({ ...state, side }, connection))} at ${side}`);
      return `${connectionNames[connection]}: ${counts.join(", ")}`;
    })
    .join("; ");
  return (
    <Drawing
      draw={(width) =>
        drawLineChart(series, {
          ...{ title, xLabel: "side of the image", xScale: "log", yScale: "log", low: 1, high: 1e12 },
          ...{ at: state.side, width: Math.min(width, 560) },
        })
      }
    />
  );
}
