import type { JSX } from "preact";

const GAP = 58;

const SIGNS = "₀₁₂₃₄₅₆";

/** What {@link Inside} shows. */
export interface InsideProps {
  readonly inputs: number;
  readonly neurons: number;
  /** Neurons behind those; 0 for none. */
  readonly inner: number;
}

/** What one A is: neurons in parallel that see the same and look for different things, and maybe more that see those. */
export function Inside({ inputs, neurons, inner }: InsideProps): JSX.Element {
  const width = Math.max(inputs, neurons, inner) * GAP + 60;
  const at = (i: number, count: number): number => width / 2 + (i - (count - 1) / 2) * GAP;
  const rise = inner > 0 ? 78 : 0;
  const [low, high] = [44 + rise, 44];
  const each = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  return (
    <svg
      class="diagram inside"
      viewBox={`0 0 ${width} ${150 + rise}`}
      style={{ maxWidth: `${width}px` }}
      role="img"
      aria-label={`Inside A: ${neurons} ${neurons === 1 ? "neuron" : "neurons"} in parallel, each connected to the same ${inputs} inputs with weights of its own${inner > 0 ? `; behind them ${inner}, connected to all of those` : ""}`}
    >
      <rect class="box" x="8" y="8" width={width - 16} height={78 + rise} rx="10" />
      {each(neurons).map((n) =>
        each(inputs).map((i) => (
          <line
            key={`${n}.${i}`}
            class={`edge twin neuron${n}`}
            x1={at(i, inputs)}
            y1={126 + rise}
            x2={at(n, neurons)}
            y2={low}
          />
        )),
      )}
      {each(inner).map((n) =>
        each(neurons).map((i) => (
          <line
            key={`${n}.${i}`}
            class={`edge twin neuron${n}`}
            x1={at(i, neurons)}
            y1={low}
            x2={at(n, inner)}
            y2={high}
          />
        )),
      )}
      {each(neurons).map((n) => (
        <g key={n} class="unit A" transform={`translate(${at(n, neurons)} ${low})`}>
          <circle r="17" />
          <text dy="0.35em">n{SIGNS[n]}</text>
        </g>
      ))}
      {each(inner).map((n) => (
        <g key={n} class="unit A" transform={`translate(${at(n, inner)} ${high})`}>
          <circle r="17" />
          <text dy="0.35em">n{SIGNS[neurons + n]}</text>
        </g>
      ))}
      {each(inputs).map((i) => (
        <g key={i} class="unit x" transform={`translate(${at(i, inputs)} ${126 + rise})`}>
          <circle r="15" />
          <text dy="0.35em">x</text>
        </g>
      ))}
    </svg>
  );
}
