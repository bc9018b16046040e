import type { JSX } from "preact";
import { connectionNames, connections, inWords, parametersOf, raceFields, sides, type RaceState } from "./model.ts";

const WIDTH = 460;
const HEIGHT = 250;
const LEFT = 44;
const BOTTOM = 34;
const TOP = 12;
const RIGHT = 12;
/** Powers of ten on the upright axis, which are enough for every state. */
const TENS = 12;

/** Parameters against the side of the image, both as powers. */
export function Chart({ state }: { readonly state: RaceState }): JSX.Element {
  const { least, most } = raceFields.side;
  const x = (side: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(side / least)) / Math.log(most / least);
  const y = (count: number): number =>
    HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * Math.log10(Math.max(1, count))) / TENS;
  const ticks = [4, 8, 16, 32, 64, 128, 256];
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={connections
        .map(
          (connection) =>
            `${connectionNames[connection]}: ${sides
              .filter((side) => ticks.includes(side))
              .map((side) => `${inWords(parametersOf({ ...state, side }, connection))} at ${side}`)
              .join(", ")}`,
        )
        .join("; ")}
    >
      {[0, 3, 6, 9, 12].map((tens) => (
        <g key={tens}>
          <line class="rule" x1={LEFT} x2={WIDTH - RIGHT} y1={y(10 ** tens)} y2={y(10 ** tens)} />
          <text x={LEFT - 6} y={y(10 ** tens)} dy="0.35em" text-anchor="end">
            {["1", "10³", "10⁶", "10⁹", "10¹²"][tens / 3]}
          </text>
        </g>
      ))}
      {ticks.map((side) => (
        <text key={side} x={x(side)} y={HEIGHT - BOTTOM + 16} text-anchor="middle">
          {side}
        </text>
      ))}
      <text x={WIDTH - RIGHT} y={HEIGHT - 2} text-anchor="end">
        side of the image
      </text>
      <line class="now" x1={x(state.side)} x2={x(state.side)} y1={TOP} y2={HEIGHT - BOTTOM} />
      {connections.map((connection) => (
        <g key={connection} class={connection}>
          <path
            d={`M${sides.map((side) => `${x(side)},${y(parametersOf({ ...state, side }, connection))}`).join("L")}`}
          />
          <circle cx={x(state.side)} cy={y(parametersOf(state, connection))} r="5" />
        </g>
      ))}
    </svg>
  );
}
