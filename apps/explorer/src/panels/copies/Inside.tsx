import type { JSX } from "preact";

const GAP = 58;

/** What one A is: neurons in parallel that see the same and look for different things. */
export function Inside({ inputs, neurons }: { readonly inputs: number; readonly neurons: number }): JSX.Element {
  const width = Math.max(inputs, neurons) * GAP + 60;
  const at = (i: number, count: number): number => width / 2 + (i - (count - 1) / 2) * GAP;
  return (
    <svg
      class="diagram inside"
      viewBox={`0 0 ${width} 150`}
      style={{ maxWidth: `${width}px` }}
      role="img"
      aria-label={`Inside A: ${neurons} ${neurons === 1 ? "neuron" : "neurons"} in parallel, each connected to the same ${inputs} inputs with weights of its own`}
    >
      <rect class="box" x="8" y="8" width={width - 16} height="78" rx="10" />
      {Array.from({ length: neurons }, (_, n) =>
        Array.from({ length: inputs }, (_, i) => (
          <line
            key={`${n}.${i}`}
            class={`edge twin neuron${n}`}
            x1={at(i, inputs)}
            y1={126}
            x2={at(n, neurons)}
            y2={44}
          />
        )),
      )}
      {Array.from({ length: neurons }, (_, n) => (
        <g key={n} class="unit A" transform={`translate(${at(n, neurons)} 44)`}>
          <circle r="17" />
          <text dy="0.35em">n{"₀₁₂₃"[n]}</text>
        </g>
      ))}
      {Array.from({ length: inputs }, (_, i) => (
        <g key={i} class="unit x" transform={`translate(${at(i, inputs)} 126)`}>
          <circle r="15" />
          <text dy="0.35em">x</text>
        </g>
      ))}
    </svg>
  );
}
