import type { JSX } from "preact";
import type { WholeField } from "../fields.ts";

/** Properties of a {@link Slider}. */
export interface SliderProps {
  readonly label: string;
  readonly field: WholeField;
  readonly value: number;
  readonly onChange: (value: number) => void;
  /** Upper bound where not all of the field makes sense now. */
  readonly most?: number;
}

/** A whole number within the bounds of its field, by pointer or arrow keys. */
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
