import type { JSX } from "preact";
import type { WholeField } from "../fields.ts";

/** What a {@link Slider} shows. */
export interface SliderProps {
  readonly label: string;
  readonly field: WholeField;
  readonly value: number;
  readonly onChange: (value: number) => void;
  /** Narrows the field where not all of it makes sense now. */
  readonly most?: number;
}

/** A whole number, by pointer or arrow keys, within the bounds that an address is held to as well. */
export function Slider({ label, field, value, onChange, most = field.most }: SliderProps): JSX.Element {
  return (
    <label class="slider">
      <span>{label}</span>
      <output>{value}</output>
      <input
        type="range"
        min={field.least}
        max={most}
        value={value}
        aria-label={label}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
