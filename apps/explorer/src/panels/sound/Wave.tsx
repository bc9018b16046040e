import { envelope, ZOOM } from "./model.ts";

interface WaveProps {
  readonly name: string;
  readonly samples: Float32Array;
  /** First sample of the part that is shown in detail. */
  readonly start: number;
  readonly role: "input" | "map";
  /** Largest absolute value of both waves, which have the same scale. */
  readonly limit: number;
}

const WIDTH = 520;
const HEIGHT = 96;
const COLUMNS = 260;

/** A whole sound, and a part of it in detail. */
export function Wave({ name, samples, start, role, limit }: WaveProps) {
  const y = (value: number): string => (HEIGHT / 2 - (value / limit) * (HEIGHT / 2 - 3)).toFixed(1);
  const all = envelope(samples, COLUMNS);
  const part = samples.subarray(start, start + ZOOM);
  const from = (start / samples.length) * WIDTH;
  return (
    <div class={`wave ${role}`}>
      <p class="caption">
        <b>{name}</b>
      </p>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${name}, all of it`}>
        <line class="zero" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        <path
          class="all"
          d={all.map(({ low, high }, i) => `M${(i + 0.5) * (WIDTH / COLUMNS)},${y(high)}V${y(low)}`).join("")}
        />
        <rect class="part" x={from} y="1" width={Math.max(4, (ZOOM / samples.length) * WIDTH)} height={HEIGHT - 2} />
      </svg>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${name}, ${ZOOM} samples one by one`}>
        <line class="zero" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        <path
          class="one"
          d={`M${Array.from(part, (value, i) => `${((i * WIDTH) / (ZOOM - 1)).toFixed(1)},${y(value)}`).join("L")}`}
        />
      </svg>
    </div>
  );
}
